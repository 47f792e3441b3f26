// Package apicheck holds the answers of a hub to the description of its API (package apidoc). It is for tests: programs do not link it.
//
//	check, err := apicheck.New(apidoc.Variant{Prefix: "/hub/"})
//	handler = check.Watch(handler, func(err error) { t.Error(err) })
//
// Watch sees every answer below the API's prefix. Whatever the description does not say is an error: a path that it does not list and that is not answered with 404,
// a method that it does not list and that is not refused, a status, a Content-Type, a header that it demands, a body that its schema does not allow.
package apicheck
