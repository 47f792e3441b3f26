// Package apidoc holds the description of the REST API in OpenAPI 3.1, as a hub serves it about itself, and as tests hold every answer to it (see apicheck).
//
// There is one source, openapi.json, for all hubs; after a change of it, go test -update ./internal/apidoc packs it anew. What only some of them have is marked with "x-hub-only": a profile ("5.5", "6.0"), "extensions", or what the
// answer of GET user looks like ("docs2", "not docs2"). [Describe] leaves out what a hub does not have, so that the result is strict: whatever is not in it must not
// be in an answer.
//
//	text, err := apidoc.Describe(apidoc.Variant{Prefix: "/hub/", Version: "5.5.1"})
//
// Beside OpenAPI's own words the description uses "x-hub-scopes" (any of them opens an operation), "x-hub-event" (the schema of each event of a stream) and
// "x-hub-page" (an operation whose refusals are pages).
package apidoc
