package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store/storetest"
)

// questions are all that the bench asks.
func questions() []question {
	var list []question
	for _, kind := range []string{"template", "media"} {
		list = append(list, ofItems(kind)...)
	}
	return append(list, ofOthers()...)
}

// places are where a list of items looks.
var places = []struct {
	name string
	tepin.List
}{
	{"all", tepin.List{}},
	{"folder", tepin.List{Folder: storetest.OneFolder}},
	{"folder and below", tepin.List{Folder: storetest.OneFolder, Recursive: true}},
	{"small folder and below", tepin.List{Folder: storetest.SmallPart, Recursive: true}},
	{"10,000 folders", tepin.List{Folder: storetest.DeepFolder, Recursive: true}},
}

// ofItems are all combinations of place, search, order and page.
func ofItems(kind string) []question {
	var list []question
	for _, place := range places {
		for _, search := range []string{"", storetest.RareWord, storetest.CommonWord, storetest.SomeWord, storetest.LastWord, storetest.CommonWord + " " + storetest.LastWord, "id"} {
			for _, key := range []tepin.SortKey{tepin.SortName, tepin.SortID, tepin.SortRelativePath} {
				for _, desc := range []bool{false, true} {
					for _, far := range []bool{false, true} {
						if far && place.Folder == storetest.SmallPart {
							continue // it has not so many
						}
						p := place.List
						p.Search, p.SortBy, p.Desc = search, key, desc
						list = append(list, itemQuestion(kind, place.name, p, far))
					}
				}
			}
		}
	}
	for _, tag := range []string{storetest.RareTag, storetest.CommonTag} {
		for _, key := range []tepin.SortKey{tepin.SortName, tepin.SortID, tepin.SortRelativePath} {
			if kind == "template" {
				list = append(list, itemQuestion(kind, "all", tepin.List{Tags: []string{tag}, SortBy: key}, false))
			}
		}
	}
	for _, folder := range []string{"/", storetest.OneFolder, storetest.DeepFolder} {
		for _, key := range []tepin.SortKey{tepin.SortName, tepin.SortID} {
			p := tepin.List{Folder: folder, SortBy: key}
			list = append(list, question{fmt.Sprintf("%s directory %s by %s", kind, folder, key), key == tepin.SortName && folder != storetest.DeepFolder, func(ctx context.Context, s *side, turn int) error {
				if kind == "media" {
					return some(s.db.MediaDirectory(ctx, s.Environment, p))
				}
				return some(s.db.TemplateDirectory(ctx, s.Environment, p))
			}})
		}
	}
	return append(list, question{kind + " by id", true, func(ctx context.Context, s *side, turn int) error {
		var err error
		if id := s.ID(kind, turn*9973%s.Items); kind == "media" {
			_, err = s.db.MediaItem(ctx, s.Environment, tepin.MediaID(id))
		} else {
			_, err = s.db.Template(ctx, s.Environment, tepin.TemplateID(id))
		}
		return err
	}})
}

// itemQuestion asks for the first page of a list, or one in its middle.
func itemQuestion(kind, place string, p tepin.List, far bool) question {
	words := []string{kind + "s"}
	if place != "all" {
		words = append(words, "in "+place)
	}
	if p.Search != "" {
		words = append(words, "search "+p.Search)
	}
	if len(p.Tags) > 0 {
		words = append(words, "tag "+p.Tags[0])
	}
	words = append(words, "by "+string(p.SortBy))
	if p.Desc {
		words = append(words, "desc")
	}
	page := "page 1"
	if far {
		page = "page 10,000"
	}
	// There is an index for every order of all, of a folder by name, and of all below one by
	// path; for words, by name and by id.
	index := p.Folder == "" || !p.Recursive && p.SortBy != tepin.SortID || p.Folder == storetest.OneFolder && p.SortBy == tepin.SortRelativePath
	switch p.Search {
	case "":
	case "id", storetest.RareWord:
		index = p.Folder != storetest.SmallPart // of which the small environment has but a few rows
	case storetest.CommonWord + " " + storetest.LastWord:
		index = false
	default:
		index = p.Search == storetest.CommonWord && p.Folder == "" && p.SortBy != tepin.SortRelativePath
	}
	return question{strings.Join(append(words, page), ", "), index, func(ctx context.Context, s *side, turn int) error {
		p := p
		if p.Search == "id" {
			p.Search = s.ID(kind, turn*9973%s.Items)
		}
		if far {
			p.After = s.middle(kind, p.SortBy, turn)
		}
		var err error
		if kind == "media" {
			_, err = s.db.MediaList(ctx, s.Environment, p)
		} else {
			_, err = s.db.Templates(ctx, s.Environment, p)
		}
		return err
	}}
}

// ofOthers are the other lists, as the console and the API ask for them.
func ofOthers() []question {
	var list []question
	add := func(name string, index bool, ask func(context.Context, *side) error) {
		list = append(list, question{name, index, func(ctx context.Context, s *side, _ int) error { return ask(ctx, s) }})
	}
	yes, no := true, false
	administrator := tepin.System
	for _, p := range []tepin.List{{}, {SortBy: tepin.SortID, Desc: true}, {Search: "shop"}, {Search: storetest.RareWord}, {Search: storetest.CommonWord}} {
		how := fmt.Sprintf("by %s, desc %v, search %q", p.SortBy, p.Desc, p.Search)
		if p.Search != "shop" {
			for name, shared := range map[string]*bool{"reached": nil, "shared": &yes, "own": &no} {
				p := p
				p.Shared = shared
				add("projects "+name+" "+how, true, func(ctx context.Context, s *side) error {
					_, err := s.db.Projects(ctx, s.Environment, s.Owner(), p)
					return err
				})
			}
			add("projects of all "+how, true, func(ctx context.Context, s *side) error {
				return some(s.db.Projects(ctx, s.Environment, administrator, p))
			})
		}
		add("integrations "+how, true, func(ctx context.Context, s *side) error {
			_, err := s.db.Integrations(ctx, s.Environment, p)
			return err
		})
		add("font families "+how, true, func(ctx context.Context, s *side) error {
			_, err := s.db.FontFamilies(ctx, s.Environment, p)
			return err
		})
		for _, kind := range []tepin.FolderKind{tepin.TemplateFolder, tepin.MediaFolder} {
			add(string(kind)+" folders "+how, true, func(ctx context.Context, s *side) error {
				_, err := s.db.Folders(ctx, s.Environment, kind, p)
				return err
			})
		}
	}
	return append(list, ofTasks()...)
}

// ofTasks are the filters of the task list, alone and together, as an administrator and
// as an integration ask for them.
func ofTasks() []question {
	var list []question
	filters := []tepin.TaskFilter{{}, {State: tepin.TaskFailed}, {State: tepin.TaskPending}, {State: tepin.TaskFinished}, {Format: tepin.GIF}, {Format: tepin.PDF},
		{Source: "project"}, {Owner: "one"}, {Owner: "other"}, {State: tepin.TaskFinished, Format: tepin.GIF}, {State: tepin.TaskFailed, Format: tepin.PDF, Source: "project", Owner: "one"},
		{State: tepin.TaskFailed, Owner: "other"}, {Format: tepin.GIF, Source: "none"}, {Source: "none"}}
	for who, staff := range map[string]bool{"administrator": true, "integration": false} {
		for _, filter := range filters {
			for _, search := range []string{"", storetest.RareWord, storetest.CommonWord} {
				// A state, a format or an owner has an index.
				index := filter.Source == "" && (filter.State == "" || filter.Format == "") && (filter.Owner == "" || filter.State == "")
				list = append(list, question{fmt.Sprintf("tasks of %s, %+v %s", who, filter, search), index, func(ctx context.Context, s *side, _ int) error {
					p := tepin.List{Tasks: filter, Search: search}
					switch filter.Owner {
					case "one":
						p.Tasks.Owner = s.ID("integration", 0)
					case "other":
						p.Tasks.Owner = s.ID("integration", 1)
					}
					by := s.Owner()
					if staff {
						by = tepin.Actor{Kind: tepin.ActorUser, ID: "x", Roles: tepin.Administrators, EnvironmentID: s.Environment}
					}
					_, err := s.db.Tasks(ctx, s.Environment, by, p)
					return err
				}})
			}
		}
	}
	return list
}
