// Package client asks a hub about sharing: a typed client of the REST endpoints of shares and share codes, for a hub of package
// sharing/httpapi or for a JupyterHub from version 5.0 on (rules SH-… in RULES.md).
//
// It does not accept invitations, since a hub lets only people do that, on a page and with a login cookie. It does not retry, and it keeps
// nothing: each call asks the hub anew. It uses the standard library only, and its types are its own.
//
//	c, err := client.New(client.Config{APIURL: os.Getenv("JUPYTERHUB_API_URL"), Token: client.Secret(os.Getenv("JUPYTERHUB_API_TOKEN"))})
//	…
//	home := client.ServerName{Owner: "alice"} // her default server
//	code, err := c.CreateCode(ctx, home, client.CodeRequest{Lifetime: time.Hour})
//	fmt.Println("https://hub.example.org" + code.AcceptURL.Reveal())
//	for share, err := range c.Shares(ctx, home) {
//		fmt.Println(share.Grantee, share.Scopes, err)
//	}
//	err = c.DeleteCodes(ctx, home) // first nobody else gets in …
//	err = c.RevokeAll(ctx, home)   // … and then those who are go
//
// # Extensions
//
// A hub of package sharing/httpapi can do more than a JupyterHub, unless that is switched off: access that ends by itself
// ([Client.GrantFor]), grants to several at once ([Client.GrantMany]), codes with limits ([CodeLimits]), who came by which code
// ([Client.SharesByCode]), codes that take their access with them ([Client.RevokeCode]), and lists of all that one shares
// ([Client.MyShares], [Client.MyCodes]). Its shares say when they end and what they are made of ([Share.Grants]), and it refuses too many
// requests with a time to wait ([Error.RetryAfter]).
//
// A JupyterHub refuses some of this and ignores the rest. Neither goes unnoticed: each of these calls fails with [ErrNoExtensions] where
// the hub does not know it, having changed nothing. To find that out, a refusal is followed by a question that changes nothing, and what
// would be ignored is preceded by it. [Client.Extended] asks the same for callers who want to know before. Replicas of one hub have to be
// configured alike.
//
//	code, err := c.CreateCode(ctx, home, client.CodeRequest{Limits: client.CodeLimits{MaxUses: 1, Terms: client.Terms{Lifetime: time.Hour}}})
//	switch {
//	case errors.Is(err, client.ErrNoExtensions): // this hub has no codes for one use, and none was made
//	case errors.Is(err, client.ErrTooManyRequests): // errors.As to *client.Error tells until when
//	}
//	…
//	err = c.RevokeCode(ctx, home, code.ID) // nobody else gets in, and who came by this code goes
//
// # Safety
//
// The token goes to the configured address and nowhere else: redirects are not followed, and the address that a list names for its next page
// is not used, only the offset beside it.
package client
