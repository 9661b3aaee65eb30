package output

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// MayRequest refuses with TooMany, before an order is read, when a quota of renders is
// exhausted. It counts nothing: [Service.Request] does, and may refuse all the same.
func (s *Service) MayRequest(ctx context.Context, by tepin.Actor, env tepin.Environment) error {
	return s.Store.CheckRenders(ctx, by, env.ID)
}

// Request checks an order and queues it. Everything that can be told without fonts,
// images and the rows of a data connector is refused here: a broken document, an unknown
// layout or variable, a size beyond the limits.
func (s *Service) Request(ctx context.Context, by tepin.Actor, env tepin.Environment, o Order) (tepin.Task, error) {
	if !slices.Contains(tepin.Formats, o.Format) {
		return tepin.Task{}, tepin.Errorf(tepin.Invalid, "the format is to be png, jpg, pdf, gif, mp4 or html")
	}
	if o.Format == tepin.MP4 && s.FFmpeg == "" {
		return tepin.Task{}, sandbox.NoTool("MP4 files", "ffmpeg")
	}
	if len(o.Variables) > MaxRecords {
		return tepin.Task{}, tepin.Errorf(tepin.TooLarge, "there are %d rows of variables; the most is %d: split them over several requests", len(o.Variables), MaxRecords)
	}
	doc, source, name, err := s.source(ctx, by, env.ID, o)
	if err != nil {
		return tepin.Task{}, err
	}
	if o.Data != nil {
		if err := s.checkData(ctx, by, env.ID, *o.Data); err != nil {
			return tepin.Task{}, err
		}
	}
	settings, err := s.settings(ctx, env.ID, o)
	if err != nil {
		return tepin.Task{}, err
	}
	if err := o.override(&settings); err != nil {
		return tepin.Task{}, err
	}
	j := job{
		Document: doc, LayoutIDs: o.LayoutIDs, Format: o.Format, Scaling: settings.Scaling, Quality: settings.Quality,
		Bleed: settings.Bleed, Options: settings.OutputOptions, PerFile: o.PerFile, Watermark: watermark(env, settings),
		Variables: o.Variables, Data: o.Data, Name: name, Created: s.now().UTC(),
	}
	plan, err := inspect(ctx, j)
	if err != nil {
		return tepin.Task{}, err
	}
	j.LayoutIDs, j.Needs = plan.LayoutIDs, plan.Needs
	if err := j.measure(plan.Sizes); err != nil {
		return tepin.Task{}, err
	}
	return s.enqueue(ctx, by, env.ID, source, j)
}

// enqueue stores the job and its task.
func (s *Service) enqueue(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, source string, j job) (tepin.Task, error) {
	raw, err := json.Marshal(j)
	if err != nil {
		return tepin.Task{}, fmt.Errorf("output: write the job: %w", err)
	}
	ref, err := s.Asset.Receive(ctx, env, bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return tepin.Task{}, err
	}
	task, err := s.Store.CreateTask(ctx, by, tepin.Task{
		EnvironmentID: env, OwnerKind: by.Kind, OwnerID: by.ID,
		Format: j.Format, Name: j.Name, Source: source, Records: j.known(), Request: ref,
	})
	if err := s.Asset.Settle(ctx, ref, err); err != nil {
		return tepin.Task{}, err
	}
	if s.Wake != nil {
		s.Wake()
	}
	return task, nil
}

// source finds the document to render, what sort it is of, and the file's name.
func (s *Service) source(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, o Order) (doc []byte, source, name string, err error) {
	var ref tepin.BlobRef
	switch {
	case o.ProjectID != "":
		p, err := s.Store.Project(ctx, env, by, o.ProjectID)
		if err != nil {
			return nil, "", "", err
		}
		source, name, ref = "project", p.Name, p.Document
	case o.TemplateID != "":
		t, err := s.Store.Template(ctx, env, o.TemplateID)
		if err != nil {
			return nil, "", "", err
		}
		source, name, ref = "template", t.Name, t.Document
	case o.Document != nil:
		source, name = "document", "output"
	default:
		return nil, "", "", tepin.Errorf(tepin.Invalid, "there is nothing to render: give documentContent, projectId or templateId")
	}
	if o.Name != "" {
		name = o.Name
	}
	if o.Document != nil {
		return o.Document, source, name, nil
	}
	doc, err = s.Asset.Document(ctx, env, ref)
	return doc, source, name, err
}

func (s *Service) settings(ctx context.Context, env tepin.EnvironmentID, o Order) (tepin.OutputSettings, error) {
	if o.SettingsID == "" {
		return s.Store.DefaultOutputSettings(ctx, env, o.Format)
	}
	settings, err := s.Store.OutputSettingsByID(ctx, env, o.SettingsID)
	if err == nil && settings.Format != o.Format {
		return settings, &tepin.Error{Kind: tepin.Invalid, Path: "outputSettingsId",
			Message: fmt.Sprintf("these output settings are for %s, and %s is asked for", settings.Format, o.Format)}
	}
	return settings, err
}

// watermark returns the text to draw over the output, or "" for none.
func watermark(env tepin.Environment, settings tepin.OutputSettings) string {
	text := strings.TrimSpace(settings.WatermarkText)
	switch {
	case settings.Watermark && text != "":
		return text
	case env.Type != tepin.Production:
		return "Tepin " + string(env.Type)
	case settings.Watermark:
		return "Tepin"
	}
	return ""
}
