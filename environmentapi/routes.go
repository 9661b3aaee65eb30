package environmentapi

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// scope is the access of a route that needs one.
func scope(s tepin.Scope) web.Access { return web.Access{Scope: s} }

// public and anyToken are the accesses that name no scope and no role.
var public, anyToken = web.Access{Public: true}, web.Access{AnyToken: true}

// administrators and staff are people who may write what has no scope.
var administrators, staff = web.Access{Roles: tepin.Administrators}, web.Access{Roles: tepin.Staff}

// register adds all routes. Those of a resource stand together below, each with its
// access and its handler: in(…) lies below an environment, at(…) does not; bodies and
// files are described by takes… and gives….
func (a *API) register() {
	for _, routes := range []func(){
		a.serverRoutes,
		a.templateRoutes,
		a.tagRoutes,
		a.collectionRoutes,
		a.componentRoutes,
		a.projectRoutes,
		a.outputRoutes,
		a.mediaRoutes,
		a.visionRoutes,
		a.fontRoutes,
		a.connectorRoutes,
		a.connectorRunRoutes,
		a.definitionRoutes,
		a.brandKitRoutes,
		a.previewRoutes,
	} {
		routes()
	}
}

func (a *API) serverRoutes() {
	api, t := a.web, tag("Server")
	api.Raw(public, givesNothing(http.StatusOK, at("ping", "GET", "/ping", t, "Answer, if the server is there")), a.ping)
	api.Raw(public, givesNothing(http.StatusOK, at("pingV1", "GET", "/v1/ping", t, "Answer, if the server is there")), a.ping)
	web.Register(api, public, at("info", "GET", "/v1/info", t, "Get the server's version"), a.info)
	web.Register(api, anyToken, at("listSdkVersions", "GET", "/v1/environment/settings/available-sdk-versions", t, "List the versions that an environment can be pinned to"), a.sdkVersions)
	web.Register(api, anyToken, in("getSettings", "GET", "/settings", t, "Get the environment's settings"), a.settings)
	web.Register(api, administrators, conditional(in("updateSettings", "PATCH", "/settings", t, "Pin the environment to a version, or have documents follow their brand kits")), a.updateSettings)
}

func (a *API) templateRoutes() {
	api, t := a.web, tag("Templates")
	web.Register(api, scope(tepin.TemplateList), in("listTemplates", "GET", "/templates", t, "List templates"), a.listTemplates)
	web.Register(api, scope(tepin.TemplateList), in("listTemplateDirectory", "GET", "/templates/directory", t, "List a folder: its folders, then its templates; of the root, if none is named"), a.templateDirectory)
	a.folderRoutes(t, "Template", folders{kind: tepin.TemplateFolder, at: "/templates"}, tepin.TemplateList, tepin.TemplateWrite)
	api.Raw(scope(tepin.TemplateWrite), a.gives(http.StatusCreated, web.Schema[Template](api), takesDocument(true, query(
		in("createTemplate", "POST", "/templates", t, "Create a template from a document"),
		param{"name", "string", true, "Of the template.", "Summer campaign"}, param{"folderPath", "string", false, "/ if it is left out.", "/campaigns/2026"}))), a.createTemplate)
	web.Register(api, scope(tepin.TemplateRead), in("getTemplate", "GET", "/templates/{id}", t, "Get a template"), a.getTemplate)
	api.Raw(scope(tepin.TemplateWrite), a.gives(http.StatusOK, web.Schema[Template](api), conditional(takesDocument(false, query(
		in("updateTemplate", "PUT", "/templates/{id}", t, "Replace the document by the body, or name and folder by the query"),
		param{"name", "string", false, "Without a body.", ""}, param{"folderPath", "string", false, "Without a body.", ""})))), a.updateTemplate)
	web.Register(api, scope(tepin.TemplateWrite), conditional(in("deleteTemplate", "DELETE", "/templates/{id}", t, "Delete a template; for a day it can be restored")), a.deleteTemplate)
	nameParam, folderParam := param{"name", "string", false, "That of the manifest or of the file if it is left out.", "Summer campaign"}, param{"folderPath", "string", false, "/ if it is left out.", "/campaigns/2026"}
	api.Raw(scope(tepin.TemplateWrite), a.gives(http.StatusCreated, web.Schema[Template](api), takesFiles(query(
		in("importTemplate", "POST", "/templates/import", t, "Import a template from a zip archive with its media and fonts, as an export has it"), nameParam, folderParam))), a.importTemplate)
	api.Raw(scope(tepin.TemplateRead), givesFile("application/zip", in("exportTemplate", "GET", "/templates/{id}/export", t, "Export a template with the media and fonts that it uses; needs media:read and font:read, too")), a.exportTemplate)
	web.Register(api, scope(tepin.TemplateWrite), in("restoreTemplate", "POST", "/templates/{id}/restore", t, "Restore a deleted template"), a.restoreTemplate)
	web.Register(api, scope(tepin.TemplateWrite), created(in("copyTemplate", "POST", "/templates/{id}/copy", t, "Copy a template")), a.copyTemplate)
	web.Register(api, scope(tepin.TemplateWrite), conditional(in("setTemplateTags", "PUT", "/templates/{id}/tags", t, "Choose the tags of a template")), a.setTemplateTags)
	api.Raw(scope(tepin.TemplateRead), givesDocument(in("downloadTemplate", "GET", "/templates/{id}/download", t, "Get a template's document, byte for byte")), a.downloadTemplate)
}

func (a *API) tagRoutes() {
	api, t, staff := a.web, tag("Tags"), web.Access{Roles: tepin.Staff}
	web.Register(api, anyToken, in("listTags", "GET", "/tags", t, "List tags"), a.listTags)
	web.Register(api, staff, created(in("createTag", "POST", "/tags", t, "Create a tag")), a.createTag)
	web.Register(api, anyToken, in("getTag", "GET", "/tags/{id}", t, "Get a tag"), a.getTag)
	web.Register(api, staff, conditional(in("updateTag", "PATCH", "/tags/{id}", t, "Rename a tag")), a.renameTag)
	web.Register(api, staff, conditional(in("deleteTag", "DELETE", "/tags/{id}", t, "Delete a tag, also from the templates that have it")), a.deleteTag)
}

func (a *API) componentRoutes() {
	api, t, designers := a.web, tag("Components"), web.Access{Roles: tepin.Designers}
	web.Register(api, anyToken, in("listComponents", "GET", "/components", t, "List components; not for end users"), a.listComponents)
	api.Raw(designers, a.gives(http.StatusCreated, web.Schema[Component](api), a.takesComponent(in("createComponent", "POST", "/components", t, "Create a component"))), a.createComponent)
	web.Register(api, anyToken, in("getComponent", "GET", "/components/{id}", t, "Get a component; not for end users"), a.getComponent)
	api.Raw(designers, a.gives(http.StatusOK, web.Schema[Component](api), conditional(a.takesComponent(in("updateComponent", "PUT", "/components/{id}", t, "Save the content, or rename, or both")))), a.updateComponent)
	web.Register(api, designers, conditional(in("deleteComponent", "DELETE", "/components/{id}", t, "Delete a component; for a day it can be restored")), a.deleteComponent)
	web.Register(api, designers, in("restoreComponent", "POST", "/components/{id}/restore", t, "Restore a deleted component"), a.restoreComponent)
	api.Raw(anyToken, givesDocument(in("downloadComponent", "GET", "/components/{id}/download", t, "Get a component's document, byte for byte; not for end users")), a.downloadComponent)
	api.Raw(designers, a.gives(http.StatusCreated, web.Schema[Component](api), takesFiles(query(in("importComponent", "POST", "/components/import", t, "Import a component from a zip archive, or from a document"),
		param{"name", "string", false, "That of the manifest or of the file if it is left out.", "Business card"}))), a.importComponent)
}

func (a *API) collectionRoutes() {
	api, t := a.web, tag("Template collections")
	list, read, write := scope(tepin.CollectionList), scope(tepin.CollectionRead), scope(tepin.CollectionWrite)
	const one = "/template-collections/{collectionId}"
	web.Register(api, list, in("listCollections", "GET", "/template-collections", t, "List template collections"), a.listCollections)
	web.Register(api, write, created(in("createCollection", "POST", "/template-collections", t, "Create a template collection")), a.createCollection)
	web.Register(api, read, in("getCollection", "GET", one, t, "Get a template collection"), a.getCollection)
	web.Register(api, write, conditional(in("updateCollection", "PATCH", one, t, "Change name, description or user interface")), a.updateCollection)
	web.Register(api, write, conditional(in("deleteCollection", "DELETE", one, t, "Delete a template collection, not its templates; for a day it can be restored")), a.deleteCollection)
	web.Register(api, write, in("restoreCollection", "POST", one+"/restore", t, "Restore a deleted template collection"), a.restoreCollection)
	web.Register(api, read, in("listCollectionTemplates", "GET", one+"/templates", t, "List a collection's templates, in the order in which they were added"), a.listEntries)
	web.Register(api, write, conditional(created(in("addCollectionTemplate", "POST", one+"/templates", t, "Add a template; If-Match is about the collection"))), a.addEntry)
	web.Register(api, write, conditional(in("renameCollectionTemplate", "PATCH", one+"/templates/{templateId}", t, "Give a template another name in the collection")), a.renameEntry)
	web.Register(api, write, conditional(in("removeCollectionTemplate", "DELETE", one+"/templates/{templateId}", t, "Take a template out of the collection")), a.removeEntry)
	api.Raw(write, a.gives(http.StatusOK, web.Schema[Collection](api), conditional(takesFiles(in("uploadCollectionCover", "POST", one+"/cover", t, "Upload a cover: JPG, PNG, GIF, WebP or TIFF, at most 20 MB")))), a.setCover)
	api.Raw(write, a.gives(http.StatusOK, web.Schema[Collection](api), conditional(takesFiles(in("putCollectionCover", "PUT", one+"/cover", t, "Upload a cover, as POST …/cover does")))), a.setCover)
	api.Raw(read, givesFile("*/*", in("getCollectionCover", "GET", one+"/cover", t, "Get the cover")), a.getCover)
	web.Register(api, write, conditional(in("deleteCollectionCover", "DELETE", one+"/cover", t, "Delete the cover")), a.deleteCover)
}

func (a *API) projectRoutes() {
	api, t := a.web, tag("Projects")
	web.Register(api, scope(tepin.ProjectList), in("listProjects", "GET", "/projects", t, "List your own projects, and those shared with you"), a.listProjects)
	web.Register(api, scope(tepin.ProjectWrite), created(in("createProject", "POST", "/projects", t, "Create a project from a template")), a.createProject)
	web.Register(api, scope(tepin.ProjectRead), in("getProject", "GET", "/projects/{id}", t, "Get a project"), a.getProject)
	api.Raw(scope(tepin.ProjectWrite), givesNothing(http.StatusNoContent, conditional(takesDocument(true, in("putProject", "PUT", "/projects/{id}", t, "Save a project's document, as PUT …/document does")))), a.putProjectDocument)
	web.Register(api, scope(tepin.ProjectWrite), conditional(in("updateProject", "PATCH", "/projects/{id}", t, "Rename a project, or choose its user interface")), a.updateProject)
	web.Register(api, scope(tepin.ProjectWrite), conditional(in("deleteProject", "DELETE", "/projects/{id}", t, "Delete a project of your own; for a day it can be restored")), a.deleteProject)
	web.Register(api, scope(tepin.ProjectWrite), in("deleteProjects", "DELETE", "/projects", t, "Delete several projects of your own: all of them, or none"), a.deleteProjects)
	web.Register(api, scope(tepin.ProjectWrite), in("restoreProject", "POST", "/projects/{id}/restore", t, "Restore a deleted project"), a.restoreProject)
	web.Register(api, scope(tepin.ProjectWrite), created(in("copyProject", "POST", "/projects/{id}/copy", t, "Copy a project that you see into one of your own")), a.copyProject)
	web.Register(api, scope(tepin.ProjectRead), in("listProjectShares", "GET", "/projects/{id}/shares", t, "List with whom a project of your own is shared"), a.listShares)
	web.Register(api, scope(tepin.ProjectRead), in("getProjectShare", "GET", "/projects/{id}/shares/{subject}", t, "Get how a project of your own is shared with somebody"), a.getShare)
	web.Register(api, scope(tepin.ProjectWrite), in("shareProject", "PUT", "/projects/{id}/shares/{subject}", t, "Share a project of your own with an integration or a person of the environment"), a.shareProject)
	web.Register(api, scope(tepin.ProjectWrite), in("unshareProject", "DELETE", "/projects/{id}/shares/{subject}", t, "Take a project back, at once, or give back one that is shared with you"), a.unshareProject)
	api.Raw(scope(tepin.ProjectRead), givesDocument(in("getProjectDocument", "GET", "/projects/{id}/document", t, "Get a project's document, byte for byte")), a.getProjectDocument)
	api.Raw(scope(tepin.ProjectWrite), givesNothing(http.StatusNoContent, conditional(takesDocument(true, in("putProjectDocument", "PUT", "/projects/{id}/document", t, "Save a project's document")))), a.putProjectDocument)
}

func (a *API) outputRoutes() {
	api, t, admins := a.web, tag("Output"), web.Access{Roles: tepin.Administrators}
	for _, f := range tepin.Formats {
		needed, name := tepin.OutputStatic, strings.ToUpper(string(f))
		if f == tepin.GIF || f == tepin.MP4 {
			needed = tepin.OutputAnimated
		}
		id := name[:1] + strings.ToLower(name[1:])
		api.Raw(scope(needed), a.gives(http.StatusOK, web.Schema[TaskInfo](api), a.takesOrder(in("output"+id, "POST", "/output/"+string(f), t, "Render as "+name))), a.requestOutput(f))
		web.Register(api, admins, created(in("createOutputSettings"+id, "POST", "/output/settings/"+string(f), t, "Create output settings for "+name)), a.createOutputSettings(f))
	}
	legacy := func(id, name, types string, more ...param) huma.Operation {
		return a.gives(http.StatusOK, web.Schema[TaskInfo](api), takesDocument(false, query(in(id, "POST", "/output/"+name, t, "Render as "+types+", the older way"), append([]param{
			{"outputType", "string", true, types + ".", strings.ToLower(types[:3])}, {"templateId", "string", false, "Instead of a body.", ""}, {"projectId", "string", false, "Instead of a body.", ""},
			{"layoutToExport", "string", false, "Id of a layout.", ""}, {"pixelRatio", "number", false, "Pixels for each pixel of the layout.", ""}}, more...)...)))
	}
	api.Raw(scope(tepin.OutputStatic), legacy("outputImage", "image", "PNG or JPG"), a.requestLegacy(tepin.PNG, tepin.JPG))
	api.Raw(scope(tepin.OutputAnimated), legacy("outputAnimation", "animation", "MP4 or GIF", param{"fps", "integer", false, "Frames per second: GIF up to 50, MP4 up to 60.", ""}), a.requestLegacy(tepin.MP4, tepin.GIF))
	web.Register(api, anyToken, in("listOutputSettings", "GET", "/output/settings", t, "List the output settings"), a.listOutputSettings)
	web.Register(api, anyToken, in("getOutputSettings", "GET", "/output/settings/{id}", t, "Get output settings"), a.getOutputSettings)
	web.Register(api, admins, conditional(in("updateOutputSettings", "PUT", "/output/settings/{id}", t, "Replace output settings")), a.updateOutputSettings)
	web.Register(api, admins, conditional(in("deleteOutputSettings", "DELETE", "/output/settings/{id}", t, "Delete output settings")), a.deleteOutputSettings)
	web.Register(api, admins, in("deleteManyOutputSettings", "DELETE", "/output/settings", t, "Delete several output settings: all of them, or none"), a.deleteManyOutputSettings)
	web.Register(api, anyToken, in("listTasks", "GET", "/output/tasks", t, "List tasks of the last 7 days, the newest first: your own, or all for administrators and designers"), a.listTasks)
	api.Raw(anyToken, a.givesTask(in("getTask", "GET", "/output/tasks/{id}", t, "Get how far a task has come")), a.getTask)
	web.Register(api, anyToken, in("deleteTask", "DELETE", "/output/tasks/{id}", t, "Cancel or delete a task (needs the scope that its format needs)"), a.deleteTask)
	api.Raw(anyToken, givesFile("*/*", in("downloadTask", "GET", "/output/tasks/{id}/download", t, "Get the file, for 4 hours")), a.downloadTask)
	api.Raw(anyToken, givesFile("application/json", in("getTaskReport", "GET", "/output/tasks/{id}/report", t, "Get what was wrong in which record")), a.reportTask)
}

func (a *API) mediaRoutes() {
	api, t := a.web, tag("Media")
	web.Register(api, scope(tepin.MediaList), in("listMedia", "GET", "/media", t, "List media"), a.listMedia)
	web.Register(api, scope(tepin.MediaList), in("listMediaDirectory", "GET", "/media/directory", t, "List a folder: its folders, then its files; of the root, if none is named"), a.mediaDirectory)
	a.folderRoutes(t, "Media", folders{kind: tepin.MediaFolder, at: "/media"}, tepin.MediaList, tepin.MediaWrite)
	api.Raw(scope(tepin.MediaWrite), a.gives(http.StatusCreated, web.Schema[Asset](api), takesFiles(query(
		in("uploadMedia", "POST", "/media", t, "Upload a picture, a drawing or a PDF"),
		param{"folderPath", "string", false, "/Upload if it is left out.", "/Upload"}, param{"name", "string", false, "The file's name if it is left out.", "beach"}))), a.uploadMedia)
	web.Register(api, scope(tepin.MediaWrite), in("deleteMediaItems", "DELETE", "/media", t, "Delete several files: all of them, or none"), a.deleteMediaItems)
	web.Register(api, scope(tepin.MediaRead), in("getMedia", "GET", "/media/{id}", t, "Get a media file's record"), a.getMedia)
	api.Raw(scope(tepin.MediaWrite), a.gives(http.StatusOK, web.Schema[Asset](api), conditional(takesFiles(in("replaceMedia", "PUT", "/media/{id}", t, "Replace a file's bytes; its name, folder and what was added to it stay")))), a.replaceMedia)
	web.Register(api, scope(tepin.MediaWrite), conditional(in("updateMedia", "PATCH", "/media/{id}", t, "Rename a file, move it, add to its metadata, or say what it shows")), a.updateMedia)
	web.Register(api, scope(tepin.MediaWrite), conditional(in("deleteMedia", "DELETE", "/media/{id}", t, "Delete a file; for a day it can be restored")), a.deleteMedia)
	web.Register(api, scope(tepin.MediaWrite), in("restoreMedia", "POST", "/media/{id}/restore", t, "Restore a deleted file"), a.restoreMedia)
	api.Raw(scope(tepin.MediaRead), givesFile("*/*", in("downloadMedia", "GET", "/media/{id}/download", t, "Get the original bytes")), a.downloadMedia)
}

func (a *API) visionRoutes() {
	api, t := a.web, tag("Vision")
	web.Register(api, scope(tepin.MediaRead), in("getMediaVision", "GET", "/media/{id}/vision", t, "Get what must be seen of a picture"), a.getVision)
	web.Register(api, scope(tepin.MediaWrite), conditional(in("putMediaVision", "PUT", "/media/{id}/vision", t, "Say what must be seen of a picture")), a.putVision)
	web.Register(api, scope(tepin.MediaRead), in("getMediaSubjectVision", "GET", "/media/{id}/vision/subject-types/{subjectTypeId}", t, "Get what must be seen of a subject in a picture"), a.getSubjectVision)
	web.Register(api, scope(tepin.MediaWrite), conditional(in("putMediaSubjectVision", "PUT", "/media/{id}/vision/subject-types/{subjectTypeId}", t, "Say what must be seen of a subject in a picture")), a.putSubjectVision)
	api.Raw(scope(tepin.MediaWrite), a.gives(http.StatusOK, web.Schema[Vision](api), takesFiles(in("postExternalMedia", "POST", "/external-media/{extId}/vision", t, "Register a picture of another system: PNG or JPG, at most 10 MB; only its size is kept"))), a.postExternalMedia)
	web.Register(api, scope(tepin.MediaRead), in("getExternalVision", "GET", "/external-media/{extId}/vision", t, "Get what must be seen of a picture of another system; 404 before it is registered"), a.getExternalVision)
	web.Register(api, scope(tepin.MediaWrite), conditional(in("putExternalVision", "PUT", "/external-media/{extId}/vision", t, "Say what must be seen of it; 404 before it is registered")), a.putExternalVision)
	web.Register(api, scope(tepin.MediaRead), in("getExternalSubjectVision", "GET", "/external-media/{extId}/vision/subject-types/{subjectTypeId}", t, "Get what must be seen of a subject in it"), a.getExternalSubject)
	web.Register(api, scope(tepin.MediaWrite), conditional(in("putExternalSubjectVision", "PUT", "/external-media/{extId}/vision/subject-types/{subjectTypeId}", t, "Say what must be seen of a subject in it")), a.putExternalSubject)
}

func (a *API) fontRoutes() {
	api, t := a.web, tag("Fonts")
	api.Raw(scope(tepin.FontWrite), a.gives(http.StatusOK, web.Schema[FontBatch](api), takesFiles(in("uploadFonts", "POST", "/font-styles/temp", t, "Upload OTF, TTF, WOFF and WOFF2 files as a batch"))), a.uploadFonts)
	web.Register(api, scope(tepin.FontWrite), in("renameFonts", "PATCH", "/font-styles/temp/{batchId}", t, "Change family and style names of a batch"), a.renameFonts)
	web.Register(api, scope(tepin.FontWrite), in("confirmFonts", "POST", "/font-styles/temp/{batchId}/confirm", t, "Turn a batch into fonts"), a.confirmFonts)
	web.Register(api, scope(tepin.FontList), in("listFontFamilies", "GET", "/font-families", t, "List font families"), a.listFamilies)
	web.Register(api, scope(tepin.FontRead), in("listFontStyles", "GET", "/font-families/{id}/styles", t, "List a family's styles by weight"), a.listStyles)
	web.Register(api, scope(tepin.FontRead), in("getFontStyle", "GET", "/font-styles/{id}", t, "Get a font style"), a.getStyle)
	api.Raw(scope(tepin.FontRead), givesFile("*/*", in("downloadFontStyle", "GET", "/font-styles/{id}/download", t, "Get the font file")), a.downloadStyle)
	web.Register(api, scope(tepin.FontWrite), conditional(in("renameFontStyle", "PATCH", "/font-styles/{id}", t, "Rename a font style")), a.renameStyle)
	web.Register(api, scope(tepin.FontWrite), in("restoreFontStyle", "POST", "/font-styles/{id}/restore", t, "Restore a deleted font style, with its family"), a.restoreStyle)
	web.Register(api, scope(tepin.FontWrite), in("deleteFontStyles", "DELETE", "/font-styles", t, "Delete font styles: all of them, or none; for a day they can be restored"), a.deleteStyles)
	web.Register(api, scope(tepin.FontRead), in("getFontFamily", "GET", "/font-families/{id}", t, "Get a font family"), a.getFamily)
	web.Register(api, scope(tepin.FontWrite), conditional(in("renameFontFamily", "PATCH", "/font-families/{id}", t, "Rename a font family")), a.renameFamily)
	web.Register(api, scope(tepin.FontWrite), in("restoreFontFamily", "POST", "/font-families/{id}/restore", t, "Restore a deleted font family, with the styles that went with it"), a.restoreFamily)
	web.Register(api, scope(tepin.FontWrite), in("deleteFontFamilies", "DELETE", "/font-families", t, "Delete font families with their styles: all of them, or none"), a.deleteFamilies)
	web.Register(api, scope(tepin.FontList), in("listFonts", "GET", "/fonts", t, "List all font styles, the older way"), a.listFonts("/fonts"))
	web.Register(api, scope(tepin.FontList), in("listFontDirectory", "GET", "/fonts/directory", t, "List all font styles, as GET …/fonts does: fonts have no folders"), a.listFonts("/fonts/directory"))
	web.Register(api, scope(tepin.FontRead), in("getFont", "GET", "/fonts/{id}", t, "Get a font style, the older way"), a.getFont)
	api.Raw(scope(tepin.FontRead), givesFile("*/*", in("downloadFont", "GET", "/fonts/{id}/download", t, "Get the font file, the older way")), a.downloadStyle)
}

func (a *API) previewRoutes() {
	api := a.web
	raw := func(sc tepin.Scope, op huma.Operation, h web.Handler) { api.Raw(scope(sc), op, h) }
	byQuery := param{"previewType", "string", false, "thumbnail if it is left out.", "medium"}
	raw(tepin.MediaRead, a.givesPreview(mediaPreviews, query(in("previewMedia", "GET", "/media/{id}/preview", "Media", "Get a preview"), byQuery)), a.previewMedia)
	raw(tepin.MediaRead, a.givesPreview(mediaPreviews, in("previewMediaType", "GET", "/media/{id}/preview/{previewType}", "Media", "Get a preview of a type")), a.previewMedia)

	fontType := param{"previewType", "string", false, "square if it is left out.", "line"}
	raw(tepin.FontRead, a.givesPreview(fontPreviews, query(in("previewFontStyle", "GET", "/font-styles/{id}/preview", "Fonts", "Get a preview of a font style"), fontType)), a.previewStyle)
	raw(tepin.FontRead, a.givesPreview(fontPreviews, in("previewFontStyleType", "GET", "/font-styles/{id}/preview/{previewType}", "Fonts", "Get a preview of a type")), a.previewStyle)
	raw(tepin.FontRead, a.givesPreview(fontPreviews, query(in("previewFontFamily", "GET", "/font-families/{id}/preview", "Fonts", "Get a preview of a font family"), fontType)), a.previewFamily)
	raw(tepin.FontRead, a.givesPreview(fontPreviews, in("previewFontFamilyType", "GET", "/font-families/{id}/preview/{previewType}", "Fonts", "Get a preview of a type")), a.previewFamily)
	raw(tepin.FontRead, a.givesPreview(oldFontPreviews, query(in("previewFont", "GET", "/fonts/{id}/preview", "Fonts", "Get a preview of a font style, the older way"), byQuery)), a.previewFont)
	raw(tepin.FontRead, a.givesPreview(oldFontPreviews, in("previewFontType", "GET", "/fonts/{id}/preview/{previewType}", "Fonts", "Get a preview of a type, the older way")), a.previewFont)

	layout, page := param{"layoutId", "string", false, "The layout that the document has selected if it is left out.", ""}, param{"pageId", "string", false, "The first visible page if it is left out.", ""}
	for _, r := range []struct {
		scope           tepin.Scope
		tag             tag
		noun, id, below string
		get             web.Handler
	}{{tepin.TemplateRead, "Templates", "template", "Template", "/templates", a.previewTemplate}, {tepin.ProjectRead, "Projects", "project", "Project", "/projects", a.previewProject}} {
		raw(r.scope, a.givesDrawn(query(in("preview"+r.id, "GET", r.below+"/{id}/preview", r.tag, "Get a preview of a "+r.noun), byQuery, layout, page)), r.get)
		raw(r.scope, a.givesDrawn(query(in("preview"+r.id+"Type", "GET", r.below+"/{id}/preview/{previewType}", r.tag, "Get a preview of a type"), layout, page)), r.get)
		task := r.below + "/preview/tasks/{taskId}"
		raw(r.scope, a.givesPreviewTask(in("get"+r.id+"PreviewTask", "GET", task, r.tag, "Get how far a preview has come, of a template or a project")), a.getPreviewTask(r.below))
		raw(r.scope, givesFile("image/*", in("download"+r.id+"Preview", "GET", task+"/download", r.tag, "Get the picture that a task made")), a.downloadPreview)
		raw(r.scope, givesFile("application/json", in("get"+r.id+"PreviewReport", "GET", task+"/report", r.tag, "Get what was wrong with the document")), a.reportPreview)
	}
}

func (a *API) connectorRoutes() {
	api, t := a.web, tag("Connectors")
	reads, writes := web.Access{AnyToken: true, Connector: true}, web.Access{Roles: tepin.Administrators, Connector: true}
	stages := web.Access{AnyToken: true, NoPage: true, Connector: true} // a token that is bound to a page only reads (S24)
	web.Register(api, reads, in("listConnectors", "GET", "/connectors", t, "List connectors"), a.listConnectors)
	web.Register(api, writes, created(withBody(maxConnectorBody, in("createConnector", "POST", "/connectors", t, "Publish a new connector"))), a.createConnector)
	web.Register(api, reads, in("getConnector", "GET", "/connectors/{id}", t, "Get a connector"), a.getConnector)
	web.Register(api, writes, conditional(withBody(maxConnectorBody, in("putConnector", "PUT", "/connectors/{id}", t, "Publish a connector anew; what is left out stays as it is"))), a.putConnector)
	web.Register(api, writes, conditional(in("patchConnector", "PATCH", "/connectors/{id}", t, "Enable, disable or rename a connector, or make it the default")), a.patchConnector)
	web.Register(api, writes, conditional(in("deleteConnector", "DELETE", "/connectors/{id}", t, "Delete a connector; for a day it can be restored, with its credentials")), a.deleteConnector)
	web.Register(api, writes, in("restoreConnector", "POST", "/connectors/{id}/restore", t, "Restore a deleted connector, with its credentials"), a.restoreConnector)
	web.Register(api, reads, in("getConnectorScript", "GET", "/connectors/{id}/script", t, "Get a connector's script, inside JSON"), a.getConnectorScript)
	web.Register(api, reads, in("getConnectorDefinition", "GET", "/connectors/{id}/definition", t, "Get a connector as an engine loads it"), a.getConnectorDefinition)

	web.Register(api, writes, in("getConnectorAuth", "GET", "/connectors/{id}/auth", t, "Get which credentials a connector has; what they are is never shown"), a.getConnectorAuth)
	web.Register(api, writes, in("putConnectorStatic", "PUT", "/connectors/{id}/auth/static", t, "Authenticate by a header"), putAuth[StaticAuthBody](a))
	web.Register(api, writes, in("putConnectorClientCredentials", "PUT", "/connectors/{id}/auth/oauth-client-credentials", t, "Authenticate by client id and secret"), putAuth[ClientCredentialsBody](a))
	web.Register(api, writes, in("putConnectorPassword", "PUT", "/connectors/{id}/auth/oauth-resource-owner-password", t, "Authenticate by an account's password"), putAuth[PasswordBody](a))
	web.Register(api, writes, in("putConnectorAuthorizationCode", "PUT", "/connectors/{id}/auth/oauth-authorization-code", t, "Have each person sign in to the upstream"), putAuth[AuthorizationCodeBody](a))
	web.Register(api, writes, in("putConnectorJwtBearer", "PUT", "/connectors/{id}/auth/oauth-jwt-bearer", t, "Authenticate by signed assertions"), putAuth[JWTBearerBody](a))
	web.Register(api, writes, in("deleteConnectorAuth", "DELETE", "/connectors/{id}/auth", t, "Forget a credential"), a.deleteConnectorAuth)

	person := web.Access{Roles: tepin.AnyRole}
	web.Register(api, person, in("beginConnectorSignIn", "POST", "/connectors/{id}/auth/oauth-authorization-code/login", t, "Begin to sign in to the upstream; answers where to send the person's browser"), a.beginConnectorSignIn)
	api.Raw(public, givesPage(http.StatusSeeOther, query(in("startConnectorSignIn", "GET", "/connectors/{id}/auth/oauth-authorization-code/start", t, "Go to the upstream's sign-in, in a browser"),
		param{"ticket", "string", true, "Of the sign-in that was begun.", ""})), a.startConnectorSignIn)
	api.Raw(public, givesPage(http.StatusOK, query(in("finishConnectorSignIn", "GET", "/connectors/{id}/auth/oauth-authorization-code/redirect", t, "Come back from the upstream's sign-in, in a browser"),
		param{"state", "string", true, "", ""}, param{"code", "string", false, "", ""}, param{"error", "string", false, "", ""})), a.finishConnectorSignIn)
	web.Register(api, person, in("connectorSignOut", "POST", "/connectors/{id}/auth/oauth-authorization-code/logout", t, "End your own sign-in to the upstream"), a.connectorSignOut)

	api.Raw(stages, a.gives(http.StatusOK, web.Schema[[]StagedFile](api), takesStaged(in("stageFiles", "POST", "/connectors/{id}/stage", t, "Bring files that a connector is to upload"))), a.stageFiles)
	api.Raw(reads, givesFile("*/*", in("downloadStagedFile", "GET", "/connectors/{id}/stage/{fileId}", t, "Get a file that you have staged")), a.downloadStaged)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		id := "proxyConnector" + method[:1] + strings.ToLower(method[1:])
		api.Raw(reads, givesFile("*/*", takesCall(in(id, method, "/connectors/{id}/proxy", t, "Call an upstream by "+method))), a.proxyConnector)
	}
}

func (a *API) definitionRoutes() {
	api, t := a.web, tag("User interfaces")
	web.Register(api, anyToken, in("listUserInterfaces", "GET", "/user-interfaces", t, "List user interfaces"), a.listInterfaces)
	web.Register(api, anyToken, in("getUserInterface", "GET", "/user-interfaces/{id}", t, "Get a user interface"), a.getInterface)
	web.Register(api, administrators, created(in("createUserInterface", "POST", "/user-interfaces", t, "Create a user interface")), a.createInterface)
	web.Register(api, administrators, conditional(in("updateUserInterface", "PUT", "/user-interfaces/{id}", t, "Replace a user interface; what is left out goes back to what it is without")), a.replaceInterface)
	web.Register(api, administrators, conditional(in("deleteUserInterface", "DELETE", "/user-interfaces/{id}", t, "Delete a user interface; what uses it gets the default")), a.deleteDefinition(tepin.UserInterface))

	t = tag("Rich-text rules")
	web.Register(api, anyToken, in("listRichTextRules", "GET", "/rich-text-rules", t, "List sets of rich-text rules"), a.listRichText)
	web.Register(api, anyToken, in("getRichTextRules", "GET", "/rich-text-rules/{id}", t, "Get a set of rich-text rules"), a.getRichText)
	web.Register(api, administrators, created(in("createRichTextRules", "POST", "/rich-text-rules", t, "Create a set of rich-text rules")), a.createRichText)
	web.Register(api, administrators, conditional(in("updateRichTextRules", "PUT", "/rich-text-rules/{id}", t, "Replace a set of rich-text rules")), a.replaceRichText)
	web.Register(api, administrators, conditional(in("deleteRichTextRules", "DELETE", "/rich-text-rules/{id}", t, "Delete a set of rich-text rules")), a.deleteDefinition(tepin.RichTextRules))

	t = tag("Subject types")
	web.Register(api, anyToken, in("listSubjectTypes", "GET", "/subject-types", t, "List subject types"), a.listSubjectTypes)
	web.Register(api, anyToken, in("getSubjectType", "GET", "/subject-types/{id}", t, "Get a subject type"), a.getSubjectType)
	web.Register(api, administrators, created(in("createSubjectType", "POST", "/subject-types", t, "Create a subject type")), a.createSubjectType)
	web.Register(api, administrators, conditional(in("updateSubjectType", "PUT", "/subject-types/{id}", t, "Replace a subject type")), a.replaceSubjectType)
	web.Register(api, administrators, conditional(in("deleteSubjectType", "DELETE", "/subject-types/{id}", t, "Delete a subject type")), a.deleteSubjectType)
}

func (a *API) brandKitRoutes() {
	api, t := a.web, tag("Brand kits")
	kit, theme, themeExample := web.Schema[BrandKit](api), web.Schema[KitTheme](api), map[string]any{"name": "Dark", "inheritsFrom": nil, "colors": brandKitExample["colors"]}
	web.Register(api, anyToken, in("listBrandKits", "GET", "/brand-kits", t, "List brand kits"), a.listKits)
	api.Raw(anyToken, tagged(a.gives(http.StatusOK, kit, in("getBrandKit", "GET", "/brand-kits/{id}", t, "Get a brand kit"))), a.getKit)
	api.Raw(staff, a.gives(http.StatusCreated, kit, takesKit(kit, brandKitExample, in("createBrandKit", "POST", "/brand-kits", t, "Create a brand kit"))), a.createKit)
	api.Raw(staff, a.gives(http.StatusOK, kit, conditional(takesKit(kit, brandKitExample, in("updateBrandKit", "PUT", "/brand-kits/{id}", t, "Replace a brand kit")))), a.replaceKit)
	web.Register(api, staff, conditional(in("deleteBrandKit", "DELETE", "/brand-kits/{id}", t, "Delete a brand kit; documents keep what they have of it")), a.deleteDefinition(tepin.BrandKit))
	api.Raw(anyToken, tagged(a.gives(http.StatusOK, web.Schema[Page[KitTheme]](api), in("listThemes", "GET", "/brand-kits/{id}/themes", t, "List a brand kit's themes, all of them"))), a.listThemes)
	api.Raw(anyToken, tagged(a.gives(http.StatusOK, theme, in("getTheme", "GET", "/brand-kits/{id}/themes/{theme}", t, "Get a theme, by id or name"))), a.getTheme)
	api.Raw(staff, a.gives(http.StatusCreated, theme, conditional(takesKit(theme, themeExample, in("createTheme", "POST", "/brand-kits/{id}/themes", t, "Add a theme to a brand kit")))), a.createTheme)
	api.Raw(staff, a.gives(http.StatusOK, theme, conditional(takesKit(theme, themeExample, in("updateTheme", "PUT", "/brand-kits/{id}/themes/{theme}", t, "Replace a theme")))), a.replaceTheme)
	api.Raw(staff, givesNothing(http.StatusNoContent, conditional(in("deleteTheme", "DELETE", "/brand-kits/{id}/themes/{theme}", t, "Delete a theme; those that inherit from it inherit from the kit"))), a.deleteTheme)
}

// connectorRunRoutes call the methods of connectors: of their scripts in this server's
// workers, or of the built-in ones, which show the environment's own media and fonts to
// whoever has the scopes for those.
func (a *API) connectorRunRoutes() {
	api, t, path := a.web, tag("Connectors"), "/connectors/{id}"
	reads, uploads := web.Access{AnyToken: true, Connector: true}, web.Access{AnyToken: true, NoPage: true, Connector: true}
	web.Register(api, reads, runs(in("getConnectorCapabilities", "GET", path+"/capabilities", t, "Get what a connector can do")), a.connectorCapabilities)
	web.Register(api, reads, runs(in("getConnectorOptions", "GET", path+"/configuration-options", t, "List what can be set in a connector's context")), a.connectorOptions)

	web.Register(api, reads, runs(in("queryConnectorMedia", "POST", path+"/media/query", t, "List or search a connector's media")), a.queryMedia)
	web.Register(api, reads, runs(in("detailConnectorMedia", "POST", path+"/media/detail", t, "Get the record of one of a connector's media")), a.detailMedia)
	api.Raw(reads, givesFile("*/*", runs(takesRun(web.Schema[MediaDownload](api), in("downloadConnectorMedia", "POST", path+"/media/download", t, "Get one of a connector's media as a file")))), a.downloadFromConnector)
	web.Register(api, uploads, runs(in("uploadConnectorMedia", "POST", path+"/media/upload", t, "Have a connector upload staged files")), a.uploadToConnector)

	web.Register(api, reads, runs(in("queryConnectorFonts", "POST", path+"/fonts/query", t, "List or search a connector's font families")), a.queryFonts)
	web.Register(api, reads, runs(in("detailConnectorFonts", "POST", path+"/fonts/detail", t, "List the styles of one of a connector's font families")), a.detailFonts)
	api.Raw(reads, givesFile("*/*", runs(takesRun(web.Schema[FontDownload](api), in("downloadConnectorFont", "POST", path+"/fonts/download", t, "Get one of a connector's fonts as a file")))), a.fontFile(downloadFont))
	api.Raw(reads, givesFile("*/*", runs(takesRun(web.Schema[FontDownload](api), in("previewConnectorFont", "POST", path+"/fonts/preview", t, "Get a picture of one of a connector's font families")))), a.fontFile(previewFont))

	web.Register(api, reads, runs(in("pageConnectorData", "POST", path+"/data/page", t, "Get rows of a data connector")), a.dataPage)
	web.Register(api, reads, runs(in("itemConnectorData", "POST", path+"/data/item", t, "Get a row of a data connector by its id")), a.dataItem)
	web.Register(api, reads, runs(in("modelConnectorData", "POST", path+"/data/model", t, "Get what the rows of a data connector have")), a.dataModel)
}
