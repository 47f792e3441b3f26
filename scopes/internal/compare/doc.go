// Package compare measures package scopes against two general policy engines on one question: may the holder of many
// filters read the servers of this user? It is a module of its own, so that nobody who uses scopes gets those engines too.
//
//	go test -bench . -count 5
//
// All three are given the same rights and must give the same answers, which the test checks. The engines can do much that scopes
// cannot; this compares one question that all of them are asked many times a second.
package compare
