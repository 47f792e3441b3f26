package web

import (
	"net/http"
	"time"
)

// CookieValues are the values of all cookies of that name, in the order sent.
// A browser sends several when their paths differ; which of them counts is the
// reader's decision (HB-39, OA-202).
func CookieValues(r *http.Request, name string) []string {
	var values []string
	for _, c := range r.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// SetCookie adds c to the response in place of an earlier one of the same
// name, domain and path: a browser would store only the last of them anyway.
// No SameSite is added, as JupyterHub adds none (HB-33).
func SetCookie(w http.ResponseWriter, c *http.Cookie) {
	var kept []string
	for _, line := range w.Header()["Set-Cookie"] {
		old, err := http.ParseSetCookie(line)
		if err == nil && old.Name == c.Name && old.Path == c.Path && old.Domain == c.Domain {
			continue
		}
		kept = append(kept, line)
	}
	w.Header()["Set-Cookie"] = kept
	http.SetCookie(w, c)
}

// ClearCookie makes the browser drop the cookie that has c's name, domain and
// path: an empty value that expired a year before now (HB-45). Secure is kept,
// since a __Host- cookie is not even cleared without it (OA-100).
func ClearCookie(w http.ResponseWriter, c http.Cookie, now time.Time) {
	SetCookie(w, &http.Cookie{
		Name: c.Name, Domain: c.Domain, Path: c.Path, Secure: c.Secure,
		Quoted: true, Expires: now.AddDate(-1, 0, 0),
	})
}
