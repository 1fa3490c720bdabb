package discovery

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/certexch/certexch/certauth"
)

// Service returns the DNS-SD name that the terminals of td are found under, such as
// _cxq4tz5w3hjdm2._udp.local. with its last dot. It is made from a hash of the name of td, which it does not
// tell to who does not know it.
func Service(td certauth.TrustDomain) string {
	hash := sha256.Sum256([]byte("certexch mdns 1\x00" + td.String()))
	// A service name has at most 15 bytes (RFC 6335, section 5.1).
	return "_cx" + strings.ToLower(base32.StdEncoding.EncodeToString(hash[:])[:12]) + "._udp.local."
}
