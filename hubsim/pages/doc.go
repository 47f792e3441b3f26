// Package pages writes the HTML of a simulated hub: the shell around every
// page, login, home, the pages of a server that starts, stops or does not run,
// tokens and errors, with the stylesheet, scripts and pictures they need. All
// is embedded; nothing is fetched from elsewhere.
//
// It decides nothing. Who the visitor is, what they may do and where a link may
// lead has been settled by the caller, who hands over plain data; this package
// escapes it and keeps to the elements, ids and texts that browser tests of a
// JupyterHub look for. Login and the pages around a form work without scripts.
//
//	p, err := pages.New(pages.Config{BaseURL: "/", Version: "5.5.1"})
//	if err != nil {
//		return err
//	}
//	mux.Handle("/hub/static/", p.Static())
//	mux.Handle("/hub/logo", p.Logo())
//	mux.HandleFunc("/hub/home", func(w http.ResponseWriter, r *http.Request) {
//		shell := pages.Shell{User: "ann", XSRF: token}
//		p.Home(w, pages.HomePage{Shell: shell, Active: true})
//	})
package pages
