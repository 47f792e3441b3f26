// Package supply holds what packages share that fetch programs for tests: a lock between processes, a run of a program that is bounded
// and takes its children with it, and a place for lines of progress.
package supply
