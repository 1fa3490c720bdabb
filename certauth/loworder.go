package certauth

import (
	"encoding/hex"
)

// lowOrderEd25519 has every encoding that decoders accept for the eight points
// of low order on edwards25519: eight canonical and six other encodings. The
// source is the list of C2SP/CCTV, ed25519/README.md.
var lowOrderEd25519 = decode(
	"0000000000000000000000000000000000000000000000000000000000000000", // order 4
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // the same, y not below p
	"0000000000000000000000000000000000000000000000000000000000000080", // order 4
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // the same, y not below p
	"0100000000000000000000000000000000000000000000000000000000000000", // order 1
	"0100000000000000000000000000000000000000000000000000000000000080", // the same, x = -0
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // the same, y not below p
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // the same, both
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", // order 8
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", // order 8
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // the same, x = -0
)

// lowOrderX25519 has every u-coordinate of low order on Curve25519 and its
// twist, with the top bit clear. A shared secret with one of them is always 0.
// The source is https://cr.yp.to/ecdh.html#validate.
var lowOrderX25519 = decode(
	"0000000000000000000000000000000000000000000000000000000000000000", // 0
	"0100000000000000000000000000000000000000000000000000000000000000", // 1
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", // order 8
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", // order 8
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, which is 0
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1, which is 1
)

// listed reports whether key is in a table.
func listed(table map[string]bool, key []byte) bool { return table[string(key)] }

func decode(keys ...string) map[string]bool {
	table := make(map[string]bool)
	for _, k := range keys {
		raw, err := hex.DecodeString(k)
		if err != nil {
			panic(err) // a mistake in the tables above
		}
		table[string(raw)] = true
	}
	return table
}
