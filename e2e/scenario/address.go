package scenario

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// address is where a hub is. Paths are compared decoded, since a hub and a
// browser may escape the same name in different ways.
type address struct{ base *url.URL }

func parseAddress(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, fmt.Errorf("read the hub's address: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return address{}, fmt.Errorf("read the hub's address: %q is not an http address", u.Redacted())
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		return address{}, errors.New("read the hub's address: it must not have a query, a fragment or a user")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u = u.JoinPath("/")
	}
	return address{u}, nil
}

// front is the address of the hub's front page.
func (a address) front() string { return a.base.String() }

// server is the address of the default server of owner.
func (a address) server(owner string) string {
	return a.base.String() + "user/" + url.PathEscape(owner) + "/"
}

// serverPath is the decoded path of that server.
func (a address) serverPath(owner string) string { return a.base.Path + "user/" + owner + "/" }

// hubPath is the decoded path of a page of the hub.
func (a address) hubPath(page string) string { return a.base.Path + "hub/" + page }

// api is the address of a REST resource; segments are escaped here.
func (a address) api(segments ...string) string {
	text := a.base.String() + "hub/api"
	for _, s := range segments {
		text += "/" + url.PathEscape(s)
	}
	return text
}

// pathOf is the decoded path of an address, without the secrets that a query
// may hold. What cannot be read is shown as a question mark.
func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	return u.Path
}
