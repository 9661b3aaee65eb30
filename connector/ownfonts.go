package connector

import (
	"context"
	"strings"

	"github.com/tepin/tepin"
)

// ownFonts are the environment's own fonts.
type ownFonts struct{ ownRun }

func (o ownFonts) Capabilities(context.Context) (map[string]bool, error) {
	return map[string]bool{"query": true, "detail": true, "preview": true, "filtering": true}, nil
}

func (o ownFonts) Configuration(context.Context) ([]Option, error) { return nil, nil }

func (o ownFonts) Query(ctx context.Context, q Query) (Page[Family], error) {
	env := o.Connector.EnvironmentID
	var l tepin.List
	var err error
	if q.PageToken != "" {
		l, err = o.OpenPage(q.PageToken, env, o.By, o.route())
	} else {
		l, err = listOf(q)
	}
	if err != nil {
		return Page[Family]{}, err
	}
	p, err := o.store.FontFamilies(ctx, env, l)
	if err != nil {
		return Page[Family]{}, err
	}
	out := Page[Family]{PageSize: l.Limit, Data: []Family{}}
	for _, f := range p.Items {
		out.Data = append(out.Data, Family{ID: string(f.ID), Name: f.Name, FontStylesCount: f.StyleCount, Extensions: f.Extensions})
	}
	if p.Next != nil {
		l.After = p.Next
		out.Links.NextPage = o.SealPage(env, o.By, o.route(), l)
	}
	return out, nil
}

func (o ownFonts) Detail(ctx context.Context, family string) ([]Style, error) {
	p, err := o.store.FontStyles(ctx, o.Connector.EnvironmentID, tepin.FontFamilyID(strings.ToLower(family)), tepin.List{Limit: tepin.MaxLimit})
	if err != nil {
		return nil, err
	}
	list := []Style{}
	for _, s := range p.Items {
		list = append(list, Style{ID: string(s.ID), Name: s.Name, FamilyID: string(s.FamilyID), FamilyName: s.FamilyName})
	}
	return list, nil
}

func (o ownFonts) Download(ctx context.Context, style string) (*File, error) {
	s, err := o.store.FontStyle(ctx, o.Connector.EnvironmentID, tepin.FontStyleID(strings.ToLower(style)))
	if err != nil {
		return nil, err
	}
	return o.file(ctx, s.FamilyName+" "+s.Name, Stored{s.Blob, "font/" + s.Extension, s.Extension})
}

func (o ownFonts) Preview(ctx context.Context, family string, format tepin.PreviewType) (*File, error) {
	f, err := o.store.FontFamily(ctx, o.Connector.EnvironmentID, tepin.FontFamilyID(strings.ToLower(family)))
	if err != nil {
		return nil, err
	}
	p, err := waitFor(ctx, func() (Stored, error) { return o.FontPreview(ctx, f, format) })
	if err != nil {
		return nil, err
	}
	return o.file(ctx, f.Name, p)
}
