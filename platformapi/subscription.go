package platformapi

import (
	"context"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// SubscriptionBody is a subscription in short.
type SubscriptionBody struct {
	ID       tepin.SubscriptionID `json:"id" format:"uuid"`
	GUID     tepin.SubscriptionID `json:"guid" format:"uuid" doc:"The id, once more."`
	Name     string               `json:"name"`
	IsActive bool                 `json:"isActive"`
	Type     string               `json:"subscriptionType" enum:"OnPremises"`
}

type subscriptionDetail struct {
	SubscriptionBody
	Status             string            `json:"status" enum:"Active"`
	StartDate          time.Time         `json:"startDate"`
	Environments       []environmentBody `json:"environments" nullable:"false" doc:"Those that the caller may see."`
	TotalRenders       int64             `json:"totalRenders" doc:"Renders of these environments, ever."`
	WatermarkedRenders int64             `json:"totalWatermarkedRenders" doc:"Watermarked ones, which count no renders."`
}

func subscriptionOf(s tepin.Subscription) SubscriptionBody {
	return SubscriptionBody{ID: s.ID, GUID: s.ID, Name: s.Name, IsActive: true, Type: "OnPremises"}
}

func ofSubscription(all []tepin.Environment, id tepin.SubscriptionID) []tepin.Environment {
	return slices.DeleteFunc(all, func(e tepin.Environment) bool { return e.SubscriptionID != id })
}

// subscriptions returns those that the caller may see: an integration its own.
func (a *API) subscriptions(ctx context.Context, c web.Caller) ([]tepin.Subscription, error) {
	all, err := a.o.Store.Subscriptions(ctx)
	seen := a.o.Access.Subscriptions(c.Actor)
	return slices.DeleteFunc(all, func(s tepin.Subscription) bool { _, ok := seen[s.ID]; return !ok }), err
}

func (a *API) listSubscriptions(ctx context.Context, c web.Caller, _ *none) (*list[SubscriptionBody], error) {
	all, err := a.subscriptions(ctx, c)
	if err != nil {
		return nil, err
	}
	return listOf(all, subscriptionOf), nil
}

// InSubscription is the part of inputs that names the subscription.
type InSubscription struct {
	SubscriptionID tepin.SubscriptionID `path:"subscriptionId" format:"uuid"`
}

// subscription returns the one of the path with what the caller may see of it.
// Foreign and absent look alike.
func (a *API) subscription(ctx context.Context, c web.Caller, id tepin.SubscriptionID) (tepin.Subscription, []tepin.Environment, error) {
	all, err := a.subscriptions(ctx, c)
	if err != nil {
		return tepin.Subscription{}, nil, err
	}
	i := slices.IndexFunc(all, func(s tepin.Subscription) bool { return s.ID == id })
	if i < 0 {
		return tepin.Subscription{}, nil, tepin.Errorf(tepin.NotFound, "there is no such subscription for this caller; GET /api/v1/subscriptions lists them")
	}
	envs, err := a.visible(ctx, c)
	return all[i], ofSubscription(envs, id), err
}

type subscriptionAnswer struct{ Body subscriptionDetail }

func (a *API) getSubscription(ctx context.Context, c web.Caller, in *InSubscription) (*subscriptionAnswer, error) {
	s, envs, err := a.subscription(ctx, c, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	out := subscriptionDetail{
		SubscriptionBody: subscriptionOf(s), Status: "Active", StartDate: s.CreatedAt.UTC(), Environments: listOf(envs, environmentOf(c)).Body,
	}
	for _, e := range envs {
		counts, err := a.o.Store.RenderCounts(ctx, e.ID, time.Unix(0, 0), a.o.Now().AddDate(1, 0, 0))
		if err != nil {
			return nil, err
		}
		for _, n := range counts {
			out.TotalRenders += n.Renders
			out.WatermarkedRenders += n.Watermarked
		}
	}
	return &subscriptionAnswer{out}, nil
}
