package protocol

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Domain strings (spec/certexch.md, section 3): every key and every signature has one of its own.
const (
	labelSignM1 = "certexch/1.0 initiator signs M1"
	labelSignM2 = "certexch/1.0 responder signs M2"
	labelSignM3 = "certexch/1.0 initiator signs M3"

	labelEphemeral = "certexch/1.0 to the ephemeral key"
	labelInitiator = "certexch/1.0 to the initiator's certified key"
	labelResponder = "certexch/1.0 to the responder's certified key"
	labelExport    = "certexch/1.0 export"

	labelFinishedI = "certexch/1.0 finished initiator"
	labelFinishedR = "certexch/1.0 finished responder"
	labelSession   = "certexch/1.0 session"
	labelStream    = "certexch/1.0 stream"
	labelKey       = "certexch/1.0 key"
	labelNext      = "certexch/1.0 next"
)

// Role is the part a side plays in an exchange. The initiator is the side that dialled.
type Role uint8

const (
	// Initiator is the side that dialled and sends M1.
	Initiator Role = 1
	// Responder is the side that was dialled.
	Responder Role = 2
)

func (r Role) other() Role {
	if r == Initiator {
		return Responder
	}
	return Initiator
}

// String returns "initiator" or "responder".
func (r Role) String() string {
	if r == Initiator {
		return "initiator"
	}
	return "responder"
}

// secrets is what both sides derive from the three encapsulations and the transcript.
type secrets struct {
	finishedI, finishedR [32]byte // the MACs, as they are sent
	session              [32]byte
}

// deriveSecrets is the key schedule: the exports in the order ephemeral, initiator, responder, bound
// to the hash of the whole transcript.
func deriveSecrets(transcript [32]byte, ephemeral, initiator, responder []byte) (secrets, error) {
	ikm := make([]byte, 0, 3*exportSize)
	ikm = append(append(append(ikm, ephemeral...), initiator...), responder...)
	master, err := hkdf.Extract(sha256.New, ikm, transcript[:])
	clear(ikm)
	if err != nil {
		return secrets{}, err
	}
	defer clear(master)
	return secrets{
		finishedI: finished(master, labelFinishedI, transcript),
		finishedR: finished(master, labelFinishedR, transcript),
		session:   expand(master, labelSession),
	}, nil
}

func finished(master []byte, label string, transcript [32]byte) (mac [32]byte) {
	key := expand(master, label)
	h := hmac.New(sha256.New, key[:])
	h.Write(transcript[:])
	h.Sum(mac[:0])
	return mac
}

// streamSecret is the secret of what sender sends on stream number of opener.
func streamSecret(session [32]byte, opener, sender Role, number uint64, salt [saltSize]byte) [32]byte {
	info := append([]byte(labelStream), byte(opener), byte(sender))
	info = binary.BigEndian.AppendUint64(info, number)
	info = append(info, salt[:]...)
	return expand(session[:], string(info))
}

// expand is HKDF-Expand with SHA-256 to 32 bytes.
func expand(secret []byte, info string) (out [32]byte) {
	key, err := hkdf.Expand(sha256.New, secret, info, len(out))
	if err != nil { // only for a length above 255 blocks
		panic("protocol: " + err.Error())
	}
	copy(out[:], key)
	return out
}
