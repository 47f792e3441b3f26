package main

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

// front is the one address: the hub, whose replicas take turns, and the users' servers, of which there is one each. origin is that address.
func front(s settings, origin string, replicas []*url.URL) (http.Handler, error) {
	mux := http.NewServeMux()
	var turn atomic.Uint64
	mux.Handle("/hub/", &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(replicas[turn.Add(1)%uint64(len(replicas))])
		p.Out.Host = p.In.Host
		p.SetXForwarded()
	}})
	for name, secret := range s.Servers {
		server, err := userServer(name, secret, origin)
		if err != nil {
			return nil, fmt.Errorf("server of %s: %w", name, err)
		}
		mux.Handle("/user/"+name+"/", server)
	}
	return mux, nil
}

// userServer is somebody's server. It knows its visitors by the hub, and asks it at every request: what it remembered would outlive a
// revocation.
func userServer(name, secret, origin string) (http.Handler, error) {
	auth, err := hubauth.New(hubauth.Config{
		APIURL: origin + "/hub/api", APIToken: hubauth.Secret(secret), ClientID: oauth.ServerClientID(name, ""), Prefix: "/user/" + name + "/",
		AccessScopes: []string{"access:servers!server=" + name + "/", "access:servers!user=" + name}, CacheAge: -1,
	})
	if err != nil {
		return nil, err
	}
	return auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visitor, _ := hubauth.UserFrom(r.Context())
		w.Header().Set("Cache-Control", "no-store")
		_ = serverPage.Execute(w, map[string]string{"Owner": name, "Visitor": visitor.Name}) // an error means that the visitor has gone
	})), nil
}

var serverPage = template.Must(template.New("server").Parse(`<!DOCTYPE html><html lang="en"><title>{{.Owner}}'s server</title>
<h1>{{.Owner}}'s server</h1><p>You are {{.Visitor}}.</p>{{if eq .Owner .Visitor}}<p>Invite people on <a href="/hub/shares">the page of your shares</a>.</p>{{end}}`))
