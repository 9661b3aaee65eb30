package tepin_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

func TestKindOf(t *testing.T) {
	cause := errors.New("disk on fire")
	err := error(&tepin.Error{Kind: tepin.Full, Message: "no room", Path: "$.a", Cause: cause})
	for _, c := range []struct {
		err  error
		want tepin.Kind
	}{
		{nil, tepin.Internal},
		{cause, tepin.Internal},
		{err, tepin.Full},
		{fmt.Errorf("while saving: %w", err), tepin.Full},
		{errors.Join(cause, err), tepin.Full},
		{tepin.Errorf(tepin.Gone, "%d", 1), tepin.Gone},
	} {
		if got := tepin.KindOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
	if !errors.Is(err, cause) || err.Error() != "$.a: no room: disk on fire" {
		t.Errorf("%v", err)
	}
}

func TestOwns(t *testing.T) {
	mine := tepin.Actor{Kind: tepin.ActorIntegration, ID: "1"}
	for _, c := range []struct {
		actor tepin.Actor
		want  bool
	}{
		{mine, true},
		{tepin.Actor{Kind: tepin.ActorIntegration, ID: "2"}, false},
		{tepin.Actor{Kind: tepin.ActorUser, ID: "1"}, false},
		{tepin.Actor{Kind: tepin.ActorUser, ID: "2", Administrator: true}, true},
		{tepin.System, true},
		{tepin.Actor{}, false},
	} {
		if got := c.actor.Owns(tepin.ActorIntegration, "1"); got != c.want {
			t.Errorf("%+v: %v", c.actor, got)
		}
	}
}

func TestLiveAt(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		secret tepin.Secret
		want   bool
	}{
		{tepin.Secret{}, true},
		{tepin.Secret{NotBefore: now}, true},
		{tepin.Secret{NotBefore: now.Add(1)}, false},
		{tepin.Secret{ExpiresAt: now}, false},
		{tepin.Secret{ExpiresAt: now.Add(1)}, true},
	} {
		if got := c.secret.LiveAt(now); got != c.want {
			t.Errorf("%+v: %v", c.secret, got)
		}
	}
}
