package platformapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/web"
)

// EntryBody is one line of the audit log.
type EntryBody struct {
	Seq    int64     `json:"seq" doc:"Its number in its log, from 1 without a gap."`
	Time   time.Time `json:"time"`
	Actor  ActorBody `json:"actor"`
	Action string    `json:"action" example:"secret.create"`
	Target string    `json:"target" doc:"Id of what it was done to; empty where there is none."`
	Detail rawObject `json:"detail"`
	MAC    string    `json:"mac" doc:"HMAC over this and the entry before it, hex. The key of the log verifies it: tepin audit verify."`
}

// ActorBody is who did it.
type ActorBody struct {
	Kind tepin.ActorKind `json:"kind" enum:"user,integration,system"`
	ID   string          `json:"id"`
	Name string          `json:"name"`
}

// rawObject is a JSON object as it was stored.
type rawObject string

// MarshalJSON writes the object as it is, and what somebody made of it as a text.
func (o rawObject) MarshalJSON() ([]byte, error) {
	if json.Valid([]byte(o)) {
		return []byte(o), nil
	}
	return json.Marshal(string(o))
}

// Schema is for the OpenAPI document.
func (rawObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "What is to be known beside; never a secret."}
}

func entryOf(e tepin.AuditEntry) EntryBody {
	return EntryBody{
		Seq: e.Seq, Time: e.At.UTC(), Actor: ActorBody{e.ActorKind, e.ActorID, e.ActorName},
		Action: e.Action, Target: e.Target, Detail: rawObject(e.Detail), MAC: hex.EncodeToString(e.MAC),
	}
}

// InLog is the part of inputs that asks for a page of the audit log.
type InLog struct {
	Action string `query:"action" pattern:"^[a-z_.]{0,64}$" patternDescription:"the beginning of an action" example:"secret." doc:"What actions begin with."`
	Before int64  `query:"before" minimum:"1" doc:"Entries with lower numbers; next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type logPage struct {
	Data []EntryBody `json:"data" nullable:"false" doc:"The newest first."`
	Next *int64      `json:"next" doc:"The before of the next page; null = there is none. With action, a page may have fewer entries than asked for, even none, before the last."`
}

type logAnswer struct{ Body logPage }

// log answers a page of a chain.
func (a *API) log(ctx context.Context, in InLog, chain, about string) (*logAnswer, error) {
	list, next, err := a.o.Store.AuditLog(ctx, store.AuditQuery{Chain: chain, About: about, Action: in.Action, Before: in.Before, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &logAnswer{Body: logPage{Data: listOf(list, entryOf).Body}}
	if next > 0 {
		out.Body.Next = &next
	}
	return out, nil
}

func (a *API) instanceLog(ctx context.Context, _ web.Caller, in *InLog) (*logAnswer, error) {
	return a.log(ctx, *in, store.InstanceChain, "")
}

type environmentLogIn struct {
	InEnvironment
	InLog
}

func (a *API) environmentLog(ctx context.Context, c web.Caller, in *environmentLogIn) (*logAnswer, error) {
	return a.log(ctx, in.InLog, string(c.Environment.ID), "")
}

type integrationLogIn struct {
	InIntegration
	InLog
}

func (a *API) integrationLog(ctx context.Context, c web.Caller, in *integrationLogIn) (*logAnswer, error) {
	i, err := a.o.Store.Integration(ctx, c.Environment.ID, in.IntegrationID)
	if err != nil {
		return nil, err
	}
	return a.log(ctx, in.InLog, string(c.Environment.ID), string(i.ID))
}

// InHeads asks for signed heads.
type InHeads struct {
	Before int64 `query:"before" minimum:"1" doc:"Older ones; next of the page before."`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// HeadBody is one signature over heads.
type HeadBody struct {
	Time time.Time `json:"time" doc:"When they were signed."`
	JWS  string    `json:"jws" doc:"Compact JWS, ES256, typ tepin-audit-head+jwt: {\"iss\", \"iat\", \"heads\": [{\"chain\", \"seq\", \"mac\"}]}. With many environments, a day has several."`
}

type headsPage struct {
	Data []HeadBody `json:"data" nullable:"false" doc:"The newest first."`
	Next *int64     `json:"next" doc:"The before of the next page; null = there is none."`
	Keys rawObject  `json:"keys" doc:"JWK set of the keys that have signed heads, those too that are not published any more."`
}

type headsAnswer struct{ Body headsPage }

// heads answers what was signed each day: to be kept elsewhere.
func (a *API) heads(ctx context.Context, _ web.Caller, in *InHeads) (*headsAnswer, error) {
	list, err := a.o.Store.SignedHeads(ctx, in.Before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	rows, err := a.o.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := audit.KeySet(rows)
	if err != nil {
		return nil, err
	}
	out := &headsAnswer{Body: headsPage{Keys: rawObject(keys)}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = &list[in.Limit-1].Seq
	}
	out.Body.Data = listOf(list, func(e tepin.AuditEntry) HeadBody {
		var detail struct {
			JWS string `json:"jws"`
		}
		_ = json.Unmarshal([]byte(e.Detail), &detail) // altered: verify names it
		return HeadBody{Time: e.At.UTC(), JWS: detail.JWS}
	}).Body
	return out, nil
}
