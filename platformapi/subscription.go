package platformapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// SubscriptionBody is a subscription in short.
type SubscriptionBody struct {
	ID          tepin.SubscriptionID `json:"id" format:"uuid"`
	GUID        tepin.SubscriptionID `json:"guid" format:"uuid" doc:"The id, once more."`
	Name        string               `json:"name"`
	IsActive    bool                 `json:"isActive" doc:"It has not ended. One that has goes on working."`
	ClientID    tepin.SubscriptionID `json:"clientId" format:"uuid" doc:"The id, once more: clients have none of their own here."`
	ClientName  string               `json:"clientName" doc:"Whose it is; the subscription's name where that is not said."`
	Type        string               `json:"subscriptionType" enum:"OnPremises"`
	IsPricebook bool                 `json:"isGraFxPricebook" doc:"Always false: there are no prices here."`
}

// tenantBody is how many environments a subscription has, and may have.
type tenantBody struct {
	SandboxTotal    int64 `json:"sandboxEnvironmentsTotal" doc:"0 = any number."`
	SandboxUsed     int64 `json:"sandboxEnvironmentsUsed"`
	ProductionTotal int64 `json:"productionEnvironmentsTotal" doc:"0 = any number."`
	ProductionUsed  int64 `json:"productionEnvironmentsUsed"`
}

type subscriptionDetail struct {
	SubscriptionBody
	Status             string            `json:"status" enum:"Active,Inactive"`
	StartDate          time.Time         `json:"startDate"`
	EndDate            *time.Time        `json:"endDate" doc:"null = it goes on."`
	BillingContact     string            `json:"billingClientContact"`
	Licenses           []string          `json:"licenses" nullable:"false" doc:"Always empty: Tepin needs none."`
	SeatsTotal         int64             `json:"templateDesignerSeatsTotal" doc:"0 = any number."`
	SeatsUsed          int64             `json:"templateDesignerSeatsUsed" doc:"Of active and pending users."`
	Tenant             tenantBody        `json:"tenantInformation"`
	UsedRenders        int64             `json:"usedRenders" doc:"Renders of this month (UTC)."`
	MaxRenders         int64             `json:"maxRenders" doc:"How many a month are agreed on; 0 = any number. It is compared with averageRenders, and never refuses any."`
	AverageMonths      int               `json:"averageMonths" enum:"3,6" doc:"Over how many whole months averageRenders goes."`
	AverageRenders     float64           `json:"averageRenders" doc:"Renders a month, on the average of the last averageMonths whole months, or of those since the start where there are fewer."`
	QuotaExceeded      bool              `json:"renderQuotaExceeded" doc:"averageRenders is more than maxRenders."`
	StorageUsed        int64             `json:"storageUsed" doc:"Bytes."`
	MaxStorage         int64             `json:"maxStorage" doc:"Bytes that are agreed on; 0 = any number. It never refuses any."`
	Environments       []EnvironmentBody `json:"environments" nullable:"false" doc:"Those that the caller may see."`
	TotalRenders       int64             `json:"totalRenders" doc:"Ever; this number and those of renders and bytes above are of what the caller may see."`
	WatermarkedRenders int64             `json:"totalWatermarkedRenders" doc:"Watermarked ones, which count no renders."`
}

func (a *API) subscriptionOf(s tepin.Subscription) SubscriptionBody {
	client := s.ClientName
	if client == "" {
		client = s.Name
	}
	return SubscriptionBody{ID: s.ID, GUID: s.ID, Name: s.Name, IsActive: s.Active(a.o.Now()), ClientID: s.ID, ClientName: client, Type: "OnPremises"}
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
	return listOf(all, a.subscriptionOf), nil
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

func (a *API) getSubscription(ctx context.Context, c web.Caller, in *InSubscription) (*item[subscriptionDetail], error) {
	s, envs, err := a.subscription(ctx, c, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	return a.subscriptionAnswer(ctx, c, s, envs)
}

// subscriptionAnswer answers a subscription with what is in use of it. That changes
// without its version: there is no 304.
func (a *API) subscriptionAnswer(ctx context.Context, c web.Caller, s tepin.Subscription, envs []tepin.Environment) (*item[subscriptionDetail], error) {
	out := subscriptionDetail{
		SubscriptionBody: a.subscriptionOf(s), Status: "Active", StartDate: s.StartsAt.UTC(), BillingContact: s.BillingContact, Licenses: []string{},
		SeatsTotal: s.DesignerSeats, MaxRenders: s.MaxRenders, AverageMonths: s.AverageMonths, MaxStorage: s.MaxStorage,
		Tenant: tenantBody{SandboxTotal: s.SandboxEnvironments, ProductionTotal: s.ProductionEnvironments},
	}
	if !out.IsActive {
		out.Status = "Inactive"
	}
	if !s.EndsAt.IsZero() {
		out.EndDate = &s.EndsAt
	}
	all, err := a.o.Store.OfSubscription(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		switch e.Type {
		case tepin.Sandbox:
			out.Tenant.SandboxUsed++
		case tepin.Production:
			out.Tenant.ProductionUsed++
		}
	}
	if out.SeatsUsed, err = a.o.Store.UsedSeats(ctx, s.ID); err != nil {
		return nil, err
	}
	if err := a.addUse(ctx, c, s, envs, &out); err != nil {
		return nil, err
	}
	return &item[subscriptionDetail]{Status: http.StatusOK, ETag: web.ETag(s.Version), Body: out}, nil
}

// addUse adds what the environments that the caller sees have rendered and store.
func (a *API) addUse(ctx context.Context, c web.Caller, s tepin.Subscription, envs []tepin.Environment, out *subscriptionDetail) error {
	stored, err := a.o.Store.StorageOf(ctx, s.ID)
	if err != nil {
		return err
	}
	out.Environments = listOf(envs, environmentOf(c, stored)).Body
	for _, e := range envs {
		out.StorageUsed += stored[e.ID].Total()
	}
	totals, err := a.o.Store.RenderTotals(ctx, s.ID)
	if err != nil {
		return err
	}
	sees := func(id tepin.EnvironmentID) bool {
		return c.Actor.Roles.Any(owners.Roles) || slices.ContainsFunc(envs, func(e tepin.Environment) bool { return e.ID == id })
	}
	for _, n := range totals {
		if sees(n.EnvironmentID) {
			out.TotalRenders += n.Renders
			out.WatermarkedRenders += n.Watermarked
		}
	}
	now := a.o.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	counts, err := a.o.Store.SubscriptionRenders(ctx, s.ID, month.AddDate(0, -s.AverageMonths, 0), month.AddDate(0, 1, 0))
	counts = slices.DeleteFunc(counts, func(n tepin.RenderCount) bool { return !sees(n.EnvironmentID) })
	for _, n := range counts {
		if !n.Day.Before(month) {
			out.UsedRenders += n.Renders
		}
	}
	out.AverageRenders = tepin.RollingAverage(counts, s.StartsAt, now, s.AverageMonths)
	out.QuotaExceeded = s.MaxRenders > 0 && out.AverageRenders > float64(s.MaxRenders)
	return err
}

type updateSubscriptionIn struct {
	InSubscription
	InVersion
	Body struct {
		Name           *string    `json:"name,omitempty" minLength:"1" maxLength:"100"`
		ClientName     *string    `json:"clientName,omitempty" maxLength:"100" doc:"This and all that follows is set by administrators of the installation."`
		BillingContact *string    `json:"billingClientContact,omitempty" maxLength:"254"`
		Seats          *int64     `json:"templateDesignerSeatsTotal,omitempty" minimum:"0" maximum:"1000000" doc:"0 = any number. Seats that are taken stay so."`
		Sandbox        *int64     `json:"sandboxEnvironmentsTotal,omitempty" minimum:"0" maximum:"1000000" doc:"0 = any number. Those that there are stay."`
		Production     *int64     `json:"productionEnvironmentsTotal,omitempty" minimum:"0" maximum:"1000000" doc:"0 = any number. Those that there are stay."`
		MaxRenders     *int64     `json:"maxRenders,omitempty" minimum:"0" maximum:"1000000000000" doc:"A month; 0 = any number."`
		MaxStorage     *int64     `json:"maxStorage,omitempty" minimum:"0" maximum:"1000000000000000" doc:"Bytes; 0 = any number."`
		AverageMonths  *int       `json:"averageMonths,omitempty" enum:"3,6"`
		StartDate      *time.Time `json:"startDate,omitempty"`
		EndDate        *time.Time `json:"endDate,omitempty"`
	}
}

func (a *API) updateSubscription(ctx context.Context, c web.Caller, in *updateSubscriptionIn) (*item[subscriptionDetail], error) {
	b := in.Body
	u := tepin.SubscriptionUpdate{ClientName: b.ClientName, BillingContact: b.BillingContact, DesignerSeats: b.Seats, SandboxEnvironments: b.Sandbox,
		ProductionEnvironments: b.Production, MaxRenders: b.MaxRenders, MaxStorage: b.MaxStorage, AverageMonths: b.AverageMonths, StartsAt: b.StartDate, EndsAt: b.EndDate}
	if u != (tepin.SubscriptionUpdate{}) && !c.Actor.Administrator {
		return nil, tepin.Errorf(tepin.Forbidden, "a subscription's administrators change its name; what it may use is set by administrators of the installation")
	}
	u.Name = b.Name
	var err error
	if u.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	s, err := a.o.Credential.UpdateSubscription(ctx, c.Actor, in.SubscriptionID, u)
	if err != nil {
		return nil, err
	}
	envs, err := a.visible(ctx, c)
	if err != nil {
		return nil, err
	}
	return a.subscriptionAnswer(ctx, c, s, ofSubscription(envs, s.ID))
}

type belongsIn struct {
	InSubscription
	EnvironmentID tepin.EnvironmentID `path:"environmentId" doc:"Id or technical name of an environment."`
}

type truth struct{ Body bool }

// belongs answers whether an environment that the caller may see is the subscription's.
func (a *API) belongs(ctx context.Context, c web.Caller, in *belongsIn) (*truth, error) {
	envs, err := a.visible(ctx, c)
	return &truth{slices.ContainsFunc(ofSubscription(envs, in.SubscriptionID), func(e tepin.Environment) bool {
		return e.ID == in.EnvironmentID || strings.EqualFold(e.TechnicalName, string(in.EnvironmentID))
	})}, err
}
