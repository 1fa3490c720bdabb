package certauth

import "encoding/asn1"

// An oid is the encoding of an object identifier, without tag and length: what
// two of them are compared by.
type oid string

// arc is what all identifiers of this project begin with: the UUID
// 2e5189a5-d054-4276-9a9e-c3c7a09ab25e under the arc that Microsoft opened for
// such use. 2.25.UUID would be shorter, but no number above 2^31 passes Go or
// GnuTLS.
var arc = asn1.ObjectIdentifier{1, 2, 840, 113556, 1, 8000, 2554, 11857, 35237, 53332, 17014, 39582, 12830624, 10138206}

var (
	oidTerminal    = newOID(append(arc, 1)...) // extended key usage: a certexch terminal
	oidSealingKey  = newOID(append(arc, 2)...) // extension of certificates and requests
	oidRevocations = newOID(append(arc, 3)...) // extension of revocation lists

	oidSubjectKeyID     = newOID(2, 5, 29, 14)
	oidKeyUsage         = newOID(2, 5, 29, 15)
	oidSubjectAltName   = newOID(2, 5, 29, 17)
	oidBasicConstraints = newOID(2, 5, 29, 19)
	oidCRLNumber        = newOID(2, 5, 29, 20)
	oidDeltaCRL         = newOID(2, 5, 29, 27)
	oidIssuingPoint     = newOID(2, 5, 29, 28)
	oidNameConstraints  = newOID(2, 5, 29, 30)
	oidAuthorityKeyID   = newOID(2, 5, 29, 35)
	oidExtKeyUsage      = newOID(2, 5, 29, 37)

	oidExtensionRequest = newOID(1, 2, 840, 113549, 1, 9, 14) // attribute of requests
	oidCommonName       = newOID(2, 5, 4, 3)
	oidDomainComponent  = newOID(0, 9, 2342, 19200300, 100, 1, 25)
)

func newOID(arcs ...int) oid {
	der, err := asn1.Marshal(asn1.ObjectIdentifier(arcs))
	if err != nil {
		panic(err) // a mistake in the table above
	}
	return oid(der[2:])
}
