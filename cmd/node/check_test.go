package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestAuthorityWithoutList: is said to be one, and not given a list that expired in the year 1.
func TestAuthorityWithoutList(t *testing.T) {
	c := checked{Authorities: []checkedAuthority{{TrustDomain: "acme.example"}}}
	if text := fmt.Sprint(c.rows(time.Now())[2]); !strings.HasPrefix(text, "[revocation list none: ") {
		t.Errorf("printed as %s", text)
	}
	text, err := json.Marshal(c.Authorities)
	if err != nil || strings.Contains(string(text), "list") {
		t.Errorf("printed as %s, %v", text, err)
	}
	until := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	c.Authorities[0].checkedList = checkedList{7, &until}
	text, err = json.Marshal(c.Authorities)
	if err != nil || !strings.Contains(string(text), `"list_number":7,"list_until":"2026-11-01T12:00:00Z"`) {
		t.Errorf("printed as %s, %v", text, err)
	}
}
