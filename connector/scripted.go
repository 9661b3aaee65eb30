package connector

import (
	"context"
	"fmt"

	"github.com/tepin/tepin"
)

// Media returns the connector as one for media. Conflict if it is none, or disabled.
func (r *Runner) Media(run Run) (Media, error) {
	if err := run.usable(tepin.MediaConnector); err != nil {
		return nil, err
	}
	if run.Connector.ScriptSource == tepin.DefaultMedia {
		return ownMedia{ownRun{r.Own, r.Store, run}}, nil
	}
	return scriptMedia{scripted{r, run}}, nil
}

// Fonts returns the connector as one for fonts. Conflict if it is none, or disabled.
func (r *Runner) Fonts(run Run) (Fonts, error) {
	if err := run.usable(tepin.FontConnector); err != nil {
		return nil, err
	}
	if run.Connector.ScriptSource == tepin.DefaultFonts {
		return ownFonts{ownRun{r.Own, r.Store, run}}, nil
	}
	return scriptFonts{scripted{r, run}}, nil
}

// About returns what any connector says of itself. Conflict if it is disabled.
func (r *Runner) About(run Run) (About, error) {
	switch run.Connector.Type {
	case tepin.MediaConnector:
		return r.Media(run)
	case tepin.FontConnector:
		return r.Fonts(run)
	}
	return scripted{r, run}, run.usable(run.Connector.Type)
}

func (s scripted) Capabilities(ctx context.Context) (map[string]bool, error) {
	var raw map[string]any
	if err := s.run(ctx, "getCapabilities", &raw); err != nil {
		return nil, err
	}
	c := map[string]bool{}
	for name, v := range raw {
		if is, ok := v.(bool); ok {
			c[name] = is
		}
	}
	return c, nil
}

func (s scripted) Configuration(ctx context.Context) (list []Option, err error) {
	return list, s.run(ctx, "getConfigurationOptions", &list)
}

// file calls a method whose answer is a pointer to a file that it has fetched.
func (s scripted) file(ctx context.Context, method string, args ...any) (*File, error) {
	var p pointer
	fetches, err := s.call(ctx, method, &p, args...)
	if err != nil {
		return nil, err
	}
	defer fetches.close()
	f, ok := fetches.take(p.ID)
	switch {
	case !ok:
		return nil, tepin.Errorf(tepin.Unprocessable, "the connector's script answered %s with something else than the arrayBuffer of an answer that it had", method)
	case f.status < 200 || f.status > 299:
		f.Close()
		e := &tepin.Error{Kind: tepin.Unprocessable, Cause: &Refusal{f.status}, Message: fmt.Sprintf("the connector's upstream answered %d instead of the file", f.status)}
		if kind, ok := kinds[f.status]; ok {
			e.Kind = kind
		}
		return nil, e
	}
	return f, nil
}

// staged finds a file that the caller staged for this connector.
func (s scripted) staged(ctx context.Context, id string) (tepin.StagedFile, error) {
	return s.Store.StagedFile(ctx, s.By, s.Connector.EnvironmentID, s.Connector.ID, tepin.StagedFileID(id))
}

type scriptMedia struct{ scripted }

func (s scriptMedia) Query(ctx context.Context, q Query) (p Page[MediaItem], err error) {
	return p, s.run(ctx, "query", &p, q.arg(), s.context())
}

func (s scriptMedia) Detail(ctx context.Context, id string) (m MediaItem, err error) {
	return m, s.run(ctx, "detail", &m, id, s.context())
}

func (s scriptMedia) Download(ctx context.Context, id string, size Size, intent Intent) (*File, error) {
	return s.file(ctx, "download", id, size, intent, s.context())
}

func (s scriptMedia) Upload(ctx context.Context, ids []tepin.StagedFileID) (list []MediaItem, err error) {
	files := []map[string]any{}
	for _, id := range ids {
		v, err := s.staged(ctx, string(id))
		if err != nil {
			return nil, err
		}
		files = append(files, map[string]any{"id": v.ID, "name": v.Name,
			"url": fmt.Sprintf("%s/grafx/api/v1/environment/%s/connectors/%s/stage/%s", s.PublicURL, v.EnvironmentID, v.ConnectorID, v.ID)})
	}
	if err := s.run(ctx, "upload", &list, files, s.context()); err != nil {
		return nil, err
	}
	return list, forget(ctx, s.Store, s.By, s.Connector.EnvironmentID, ids)
}

type scriptFonts struct{ scripted }

func (s scriptFonts) Query(ctx context.Context, q Query) (p Page[Family], err error) {
	return p, s.run(ctx, "query", &p, s.Connector.ID, q.arg(), s.context())
}

func (s scriptFonts) Detail(ctx context.Context, family string) (list []Style, err error) {
	return list, s.run(ctx, "detail", &list, s.Connector.ID, family, s.context())
}

func (s scriptFonts) Download(ctx context.Context, style string) (*File, error) {
	return s.file(ctx, "download", style, s.context())
}

func (s scriptFonts) Preview(ctx context.Context, family string, format tepin.PreviewType) (*File, error) {
	return s.file(ctx, "preview", family, format, s.context())
}
