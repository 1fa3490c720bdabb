package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// refuseThird shows that a certificate alone opens nothing.
func (s *stage) refuseThird(ctx context.Context) error {
	s.step("The third is certified as the second is, but the first has not registered it.")
	s.commands("certexch --home third ls " + s.first.identity.String())
	_, leave, err := s.third.meet(ctx, s.first)
	if err == nil {
		leave()
		return errors.New("the demo failed: the third terminal was let in")
	}
	var refused *protocol.RefusedError
	if !errors.As(err, &refused) || refused.Reason != protocol.NotRegisteredThere {
		return fmt.Errorf("the demo failed: the third terminal was not refused for want of registration: %w", err)
	}
	told := node.Explain(err)
	s.found("certexch: %s", told.Text)
	s.found("  try: %s", told.Try)
	s.found("(exit code %d)", told.Code)
	return nil
}
