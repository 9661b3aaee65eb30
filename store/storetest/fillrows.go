package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
)

// folders writes every folder that an item of f lies in.
func (f Fill) folders(ctx context.Context, b bulk) error {
	seen := map[string]bool{"/": true, "": true}
	var paths []string
	for n := range f.Items {
		for path := f.folder(n); !seen[path]; path = path[:strings.LastIndex(path, "/")] {
			seen[path] = true
			paths = append(paths, path)
		}
	}
	for k, kind := range []tepin.FolderKind{tepin.TemplateFolder, tepin.MediaFolder} {
		number := func(i int) int { return k*len(paths) + i }
		name := func(i int) string { return paths[i][strings.LastIndex(paths[i], "/")+1:] }
		err := b.insert(ctx, "folder", "id, environment_id, kind, name, name_key, folder, folder_key, path, path_key, created_at, updated_at, version", count(len(paths), func(i int) []any {
			path := paths[i]
			parent := path[:max(strings.LastIndex(path, "/"), 1)]
			return []any{f.ID("folder", number(i)), f.Environment, kind, name(i), []byte(name(i)), parent, []byte(parent), path, []byte(path), fillTime, fillTime, 1}
		}))
		if err != nil {
			return err
		}
		rows := k * len(paths)
		err = f.words(ctx, b, string(kind)+"_folder", "folder", len(paths)+rows, func(i int) string {
			if i < rows {
				return "" // of the other kind
			}
			return name(i - rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (f Fill) templates(ctx context.Context, b bulk) error {
	err := b.insert(ctx, "template", "id, environment_id, name, name_key, folder, folder_key, document_key, document_size, document_sha256, created_at, updated_at, content_at, version", count(f.Items, func(n int) []any {
		return []any{f.ID("template", n), f.Environment, f.name(n), []byte(f.name(n)), f.folder(n), []byte(f.folder(n)),
			f.blob("template", n), fillSize, fillSum, fillTime, fillTime, fillTime, 1}
	}))
	if err == nil {
		err = f.blobs(ctx, b, "template", tepin.StoredDocuments, f.Items)
	}
	if err != nil {
		return err
	}
	return f.words(ctx, b, "template", "template", f.Items, f.name)
}

// fillSum stands for the SHA-256 of a file.
const fillSum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (f Fill) media(ctx context.Context, b bulk) error {
	err := b.insert(ctx, "media", "id, environment_id, name, name_key, extension, folder, folder_key, content_type, width, height, facts, blob_key, blob_size, blob_sha256, created_at, updated_at, version", count(f.Items, func(n int) []any {
		return []any{f.ID("media", n), f.Environment, f.name(n), []byte(f.name(n)), "jpg", f.folder(n), []byte(f.folder(n)), "image/jpeg", 4000, 3000, `{"colorSpace":"RGB"}`,
			f.blob("media", n), fillSize, fmt.Sprintf("%064x", n), fillTime, fillTime, 1}
	}))
	if err == nil {
		err = f.blobs(ctx, b, "media", tepin.StoredAssets, f.Items)
	}
	if err != nil {
		return err
	}
	return f.words(ctx, b, "media", "media", f.Items, f.name)
}

// tags gives templates tags: every second one, and a few.
func (f Fill) tags(ctx context.Context, b bulk) error {
	names := []string{CommonTag, RareTag}
	err := b.insert(ctx, "tag", "id, environment_id, name, name_key, created_at, updated_at, version", count(len(names), func(i int) []any {
		return []any{f.ID("tag", i), f.Environment, names[i], []byte(names[i]), fillTime, fillTime, 1}
	}))
	if err == nil {
		err = f.words(ctx, b, "tag", "tag", len(names), func(i int) string { return names[i] })
	}
	if err != nil {
		return err
	}
	every := []int{2, max(f.Items/RareItems, 1)}
	for tag, step := range every {
		err := b.insert(ctx, "template_tag", "template_id, tag_id", count(f.Items/step, func(i int) []any {
			return []any{f.ID("template", i*step), f.ID("tag", tag)}
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

func (f Fill) integrations(ctx context.Context, b bulk) error {
	name := func(n int) string { return fmt.Sprintf("Shop %05d", n*7919%1_000_003) }
	err := b.insert(ctx, "integration", "id, environment_id, client_id, name, name_key, description, scopes, enabled, epoch, created_at, updated_at, version", count(f.Integrations, func(n int) []any {
		return []any{f.ID("integration", n), f.Environment, fmt.Sprintf("int_fill%02d%012d", f.Number, n), name(n), []byte(strings.ToLower(name(n))), "", "media:read", true, 1, fillTime, fillTime, 1}
	}))
	if err == nil {
		err = b.insert(ctx, "secret", "id, environment_id, integration_id, label, mac, pepper_id, last_four, created_by, created_at, not_before, expires_at", count(f.Integrations, func(n int) []any {
			return []any{f.ID("secret", n), f.Environment, f.ID("integration", n), "", []byte(fmt.Sprintf("%032d", n)), "none", "0000", "", fillTime, fillTime, 0}
		}))
	}
	if err != nil {
		return err
	}
	if err := f.words(ctx, b, "integration", "integration", f.Integrations, name); err != nil {
		return err
	}
	_, err = b.ExecContext(ctx, `UPDATE change_counter SET value = value + 1`)
	return err
}

// Owner is the integration to which half of all projects and tasks belong, and with which a
// fifth of the others are shared.
func (f Fill) Owner() tepin.Actor {
	return tepin.Actor{Kind: tepin.ActorIntegration, ID: f.ID("integration", 0), EnvironmentID: f.Environment}
}

// owner is the integration of the n-th project or task.
func (f Fill) owner(n int) string {
	if n%2 == 0 || f.Integrations == 1 {
		return f.ID("integration", 0)
	}
	return f.ID("integration", 1+n%(f.Integrations-1))
}

func (f Fill) projects(ctx context.Context, b bulk) error {
	err := b.insert(ctx, "project", "id, environment_id, owner_kind, owner_id, name, name_key, template_id, document_key, document_size, document_sha256, created_at, updated_at, content_at, version", count(f.Projects, func(n int) []any {
		return []any{f.ID("project", n), f.Environment, tepin.ActorIntegration, f.owner(n), f.name(n), []byte(f.name(n)), f.ID("template", n%f.Items),
			f.blob("project", n), fillSize, fillSum, fillTime, fillTime, fillTime, 1}
	}))
	if err == nil {
		err = f.blobs(ctx, b, "project", tepin.StoredDocuments, f.Projects)
	}
	if err == nil {
		err = f.words(ctx, b, "project", "project", f.Projects, f.name)
	}
	if err != nil {
		return err
	}
	const access = "project_id, subject_kind, subject_id, environment_id, name_key, access, created_at"
	err = b.insert(ctx, "project_access", access, count(f.Projects, func(n int) []any {
		return []any{f.ID("project", n), tepin.ActorIntegration, f.owner(n), f.Environment, []byte(f.name(n)), tepin.ProjectOwner, fillTime}
	}))
	if err != nil || f.Integrations == 1 {
		return err
	}
	return b.insert(ctx, "project_access", access, count(f.Projects/10, func(i int) []any {
		n := i*10 + 5
		return []any{f.ID("project", n), tepin.ActorIntegration, f.ID("integration", 0), f.Environment, []byte(f.name(n)), tepin.ProjectReader, fillTime}
	}))
}

// tasks are of all formats and states, few of them waiting, failed or GIF.
func (f Fill) tasks(ctx context.Context, b bulk) error {
	formats := []tepin.Format{tepin.PDF, tepin.PNG, tepin.JPG, tepin.PDF}
	err := b.insert(ctx, "task", "id, environment_id, owner_kind, owner_id, format, name, name_key, source, state, request_key, request_size, request_sha256, created_at, processed_at", count(f.Tasks, func(n int) []any {
		state, format, processed := tepin.TaskFinished, formats[n%len(formats)], fillTime
		source := []string{"template", "project"}[n/2%2]
		switch rare := max(f.Tasks/RareItems, 1); n % rare {
		case 3:
			state = tepin.TaskFailed
		case 4:
			state, processed = tepin.TaskPending, 0
		case 5:
			format = tepin.GIF
		}
		return []any{f.ID("task", n), f.Environment, tepin.ActorIntegration, f.owner(n / 4), format, f.name(n), []byte(f.name(n)), source, state, "", 0, "", fillTime, processed}
	}))
	if err != nil {
		return err
	}
	return f.words(ctx, b, "task", "task", f.Tasks, f.name)
}

func (f Fill) fonts(ctx context.Context, b bulk) error {
	name := func(n int) string { return fmt.Sprintf("Family %07d", n*7919%1_000_003) }
	err := b.insert(ctx, "font_family", "id, environment_id, name, name_key, created_at, updated_at", count(f.Families, func(n int) []any {
		return []any{f.ID("font_family", n), f.Environment, name(n), []byte(strings.ToLower(name(n))), fillTime, fillTime}
	}))
	if err == nil {
		err = f.words(ctx, b, "font_family", "font_family", f.Families, name)
	}
	if err == nil {
		err = f.blobs(ctx, b, "font_style", tepin.StoredFonts, 2*f.Families)
	}
	if err != nil {
		return err
	}
	style := func(n int) string { return []string{"Regular", "Bold"}[n%2] }
	err = b.insert(ctx, "font_style", "id, environment_id, family_id, name, name_key, weight, italic, extension, file_name, blob_key, blob_size, blob_sha256, created_at", count(2*f.Families, func(n int) []any {
		return []any{f.ID("font_style", n), f.Environment, f.ID("font_family", n/2), style(n), []byte(strings.ToLower(style(n))), 400 + n%2*300, false, "ttf", "font.ttf",
			f.blob("font_style", n), fillSize, fillSum, fillTime}
	}))
	if err != nil {
		return err
	}
	return f.words(ctx, b, "font_style", "font_style", 2*f.Families, style)
}
