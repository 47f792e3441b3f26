// Package console renders the page at /_hubsim/ by which a person looks at a simulated hub and changes it: who is there, what runs, what is shared, what goes wrong,
// what was asked, and the clock (HB-182).
//
// It knows no hub: it is given a [Page] to show, and its forms say what somebody wants. Whether they may, the hub decides. Each form carries the proof that the page
// was given, so that no other site's form does the same. The page needs no script; with it, it keeps itself up to date.
//
//	var out bytes.Buffer
//	err := console.Render(&out, console.Page{Proof: proof, Users: users})
package console
