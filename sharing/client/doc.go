// Package client asks a hub about sharing: a typed client of the REST endpoints of shares and share codes, for a hub of package
// sharing/httpapi or for a JupyterHub from version 5.0 on (rules SH-… in RULES.md).
//
// It does not accept invitations, since a hub lets only people do that, on a page and with a login cookie. It does not retry, and it keeps
// nothing: each call is a request. It uses the standard library only, and its types are its own.
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
// The token goes to the configured address and nowhere else: redirects are not followed, and the address that a list names for its next page
// is not used, only the offset beside it.
package client
