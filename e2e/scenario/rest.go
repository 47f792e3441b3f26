package scenario

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hubshare/hubshare/e2e/browser"
)

// reply is what the REST API answered.
type reply struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// fetchScript runs in the page: same origin, with the page's cookies, as the
// scripts of the page do it (HB-124).
const fetchScript = `async ([method, url, token]) => {
	const headers = token ? {Authorization: "Bearer " + token} : {};
	const answer = await fetch(url, {method, headers, signal: AbortSignal.timeout(10000)});
	return JSON.stringify({status: answer.status, body: await answer.text()});
}`

// fetch asks the REST API from within page. An empty token sends none.
func fetch(page browser.Page, method, url string, token Secret) (reply, error) {
	value, err := page.Evaluate(fetchScript, []string{method, url, string(token)})
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", method, pathOf(url), err)
	}
	raw, ok := value.(string)
	if !ok {
		return reply{}, fmt.Errorf("%s %s: the page gave back a %T", method, pathOf(url), value)
	}
	var r reply
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", method, pathOf(url), err)
	}
	return r, nil
}

// get is fetch of a JSON document that must be there.
func get[T any](page browser.Page, url string, token Secret) (T, error) {
	var v T
	r, err := fetch(page, "GET", url, token)
	if err != nil {
		return v, err
	}
	if r.Status != 200 {
		return v, fmt.Errorf("GET %s answered %d, wanted 200: %s", pathOf(url), r.Status, r.message())
	}
	if err := json.Unmarshal([]byte(r.Body), &v); err != nil {
		return v, fmt.Errorf("decode the answer to GET %s: %w", pathOf(url), err)
	}
	return v, nil
}

// refused checks that the API says no, in the way it says so (SH-193).
func refused(page browser.Page, method, url string, token Secret) error {
	r, err := fetch(page, method, url, token)
	if err != nil {
		return err
	}
	if r.Status != 403 {
		return fmt.Errorf("%s %s answered %d, wanted 403", method, pathOf(url), r.Status)
	}
	if r.message() == "" {
		return fmt.Errorf("%s %s answered 403 without a message", method, pathOf(url))
	}
	return nil
}

// message is the API's own text of an error; never more of the body, which may
// hold a secret when the answer is not the expected one.
func (r reply) message() string {
	var e struct {
		Message string `json:"message"`
	}
	if json.Unmarshal([]byte(r.Body), &e) != nil {
		return ""
	}
	return e.Message
}

// userModel is the part of GET /user that the walk looks at.
type userModel struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

func (u userModel) holds(scope string) bool { return slices.Contains(u.Scopes, scope) }

// listing is one page of a listing.
type listing[T any] struct {
	Items []T `json:"items"`
}

// share is the part of a share that the walk looks at.
type share struct {
	Kind string `json:"kind"`
	User struct {
		Name string `json:"name"`
	} `json:"user"`
	Scopes []string `json:"scopes"`
}

// shareCode keeps the fields undecoded: one of them must not be there.
type shareCode map[string]json.RawMessage

// check looks at a code as it is listed: used that often, and without the
// secret, which is shown only once (SH-74, SH-192).
func (c shareCode) check(exchanges int) error {
	for _, field := range []string{"code", "accept_url", "full_accept_url"} {
		if _, ok := c[field]; ok {
			return fmt.Errorf("a listed share code shows its %q", field)
		}
	}
	var n int
	if err := json.Unmarshal(c["exchange_count"], &n); err != nil {
		return fmt.Errorf("read the exchange_count of a share code: %w", err)
	}
	if n != exchanges {
		return fmt.Errorf("the share code was exchanged %d times, wanted %d", n, exchanges)
	}
	return nil
}
