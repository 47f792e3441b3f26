package scopes

import (
	"hash/maphash"
	"math/bits"
)

// secrets make the places of filters in a set unpredictable to whoever chooses names, so that nobody can make
// them collide on purpose. No result depends on them.
var secrets = func() [2]uint64 {
	s := maphash.MakeSeed()
	return [2]uint64{maphash.String(s, "a") | 1, maphash.String(s, "b") | 1}
}()

// hashName hashes a name by folded multiplication. Names are short, so it is twice as quick as package maphash,
// and it is what most of a check consists of.
func hashName(s string) uint64 {
	n := uint64(len(s))
	x := secrets[0]
	for len(s) > 16 {
		x = fold(word(s)^secrets[1], word(s[8:])^x)
		s = s[8:]
	}
	var a, b uint64
	switch {
	case len(s) >= 8:
		a, b = word(s), word(s[len(s)-8:])
	case len(s) >= 4:
		a, b = half(s), half(s[len(s)-4:])
	case len(s) > 0:
		a = uint64(s[0])<<16 | uint64(s[len(s)/2])<<8 | uint64(s[len(s)-1])
	}
	return fold(a^secrets[1], b^x^n)
}

// mix joins the hash of another part to one.
func mix(h, part uint64) uint64 { return fold(h^secrets[0], part^secrets[1]) }

// mixName is kept out of its callers, so that they stay small enough to be inlined themselves.
//
//go:noinline
func mixName(h uint64, part string) uint64 { return mix(h, hashName(part)) }

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// word reads eight bytes; the compiler makes one load of it.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// half reads four bytes.
func half(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
