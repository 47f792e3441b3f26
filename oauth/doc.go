// Package oauth is the OAuth provider of a hub, as JupyterHub has one: servers and services are its clients, users agree to what they
// get, and every API token of the hub is one of its tokens. Rules (OA-…, SC-…, HB-…) are listed in RULES.md.
//
// A [Provider] registers clients, decides authorize requests, exchanges codes, issues and revokes API tokens, and says whom a token
// identifies and what it may do at this moment. It has no users of its own and no login: both are the [Host]'s, as are rights, of which a
// token carries a part and never more than its owner holds. What it stores goes through a [Store]; sqlstore is one.
//
// It speaks no HTTP: that is package httpapi. It is no OpenID provider, has no refresh tokens and no public clients. The grammar of the
// grant is fosite's, which appears in no signature here.
//
//	provider, err := oauth.New(oauth.Config{Store: store, Host: host, Registry: scopes.New(scopes.P55)})
//	if err != nil {
//		return err
//	}
//	_, secret, err := provider.IssueToken(ctx, oauth.TokenOrder{Owner: alice, Scopes: []string{"read:users!user"}})
//	…
//	id, err := provider.Authenticate(ctx, secret.Reveal())
//	if err == nil && id.Effective.Allows("read:users", scopes.User("alice"), host) { … }
//
// Tell the provider what changes: [Provider.Drop] when rights may differ, [Provider.ForgetOwner] after a deletion,
// [Provider.Renamed] after a rename. Call [Provider.Flush] now and then and [Provider.PurgeExpired] hourly.
package oauth
