package store

import (
	"context"

	"github.com/tepin/tepin"
)

// Folders returns a page of an environment's folders.
func (s *Store) Folders(ctx context.Context, env tepin.EnvironmentID, kind tepin.FolderKind, p tepin.List) (tepin.Page[tepin.Folder], error) {
	page, err := folderListing(env, kind).page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

func folderListing(env tepin.EnvironmentID, kind tepin.FolderKind) listing[tepin.Folder] {
	return listing[tepin.Folder]{kind: folderWord(kind), table: "folder", columns: folderColumns, env: env, folders: true,
		where: []condition{{column: "kind", value: kind}}, scan: scanFolder}
}

// TemplateDirectory returns a page of a folder's folders and templates.
func (s *Store) TemplateDirectory(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Entry[tepin.Template]], error) {
	page, err := directory(ctx, s, tepin.TemplateFolder, templateListing(env, p), p)
	if err != nil {
		return page, err
	}
	var list []tepin.Template
	for _, e := range page.Items {
		if e.Folder == nil {
			list = append(list, e.Item)
		}
	}
	err = readTags(ctx, s.reader, list)
	for i := range list { // the templates are the last of the page
		page.Items[len(page.Items)-len(list)+i].Item = list[i]
	}
	return page, s.dialect.fail(err)
}

// MediaDirectory returns a page of a folder's folders and media.
func (s *Store) MediaDirectory(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Entry[tepin.Media]], error) {
	return directory(ctx, s, tepin.MediaFolder, mediaListing(env), p)
}

// directory reads a page of folders and items: the folders come first, each of the two in
// the order of the list. A folder that is not there is NotFound; one that has gone since
// the page before is Gone. Without a folder, and with all below one, the list holds the
// folders of all its places.
func directory[T any](ctx context.Context, s *Store, kind tepin.FolderKind, items listing[T], p tepin.List) (out tepin.Page[tepin.Entry[T]], err error) {
	if folder := folderPath(p.Folder); folder != "/" {
		_, err := folderAt(ctx, s.reader, items.env, kind, folder, "")
		switch {
		case tepin.KindOf(err) == tepin.NotFound && p.After != nil:
			return out, tepin.Errorf(tepin.Gone, "the folder has gone since the page before")
		case err != nil:
			return out, s.dialect.fail(err)
		}
	}
	out, err = entries(ctx, s.reader, folderListing(items.env, kind), items, p)
	return out, s.dialect.fail(err)
}

func entries[T any](ctx context.Context, q queryer, folders listing[tepin.Folder], items listing[T], p tepin.List) (out tepin.Page[tepin.Entry[T]], err error) {
	p.Limit = min(p.Limit, tepin.MaxLimit)
	if p.Limit <= 0 {
		p.Limit = tepin.DefaultLimit
	}
	out.Items = []tepin.Entry[T]{}
	first := p.After == nil
	if first || !p.After.Items {
		page, err := folders.page(ctx, q, p)
		if err != nil {
			return out, err
		}
		for i := range page.Items {
			out.Items = append(out.Items, tepin.Entry[T]{Folder: &page.Items[i]})
		}
		if out.Next = page.Next; page.Next != nil {
			return out, nil
		}
		p.After = nil
	} else if p.After.ID == "" {
		p.After = nil
	}
	room := p.Limit - len(out.Items)
	p.Limit = max(room, 1)
	page, err := items.page(ctx, q, p)
	if err != nil {
		return out, err
	}
	if room == 0 {
		if len(page.Items) > 0 || page.Next != nil {
			out.Next = &tepin.Cursor{Items: true}
		}
	} else {
		for _, v := range page.Items {
			out.Items = append(out.Items, tepin.Entry[T]{Item: v})
		}
		if out.Next = page.Next; out.Next != nil {
			out.Next.Items = true
		}
	}
	if first && out.Next == nil {
		total := int64(len(out.Items))
		out.Total = &total
	}
	return out, nil
}
