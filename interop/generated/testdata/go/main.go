// A round trip through the clients that oapi-codegen makes of our OpenAPI documents.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"roundtrip/environment"
	"roundtrip/platform"
)

func main() {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	if err := run(ctx, os.Getenv("TEPIN_URL"), os.Getenv("TEPIN_ENVIRONMENT")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, base, env string) error {
	token, err := getToken(base)
	if err != nil {
		return err
	}
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	api, err := environment.NewClientWithResponses(base, environment.WithRequestEditorFn(bearer))
	if err != nil {
		return err
	}
	about, err := platform.NewClientWithResponses(base, platform.WithRequestEditorFn(bearer))
	if err != nil {
		return err
	}
	list, err := about.ListEnvironmentsWithResponse(ctx, nil)
	if err != nil || list.JSON200 == nil {
		return fmt.Errorf("environments: %v %s", err, list.Body)
	}

	one := int64(1)
	templates, err := api.ListTemplatesWithResponse(ctx, env, &environment.ListTemplatesParams{Limit: &one})
	if err != nil || templates.JSON200 == nil || len(templates.JSON200.Data) != 1 {
		return fmt.Errorf("templates: %v %s", err, templates.Body)
	}
	template := templates.JSON200.Data[0]
	project, err := api.CreateProjectWithResponse(ctx, env, environment.CreateProjectJSONRequestBody{Template: environment.TemplateRef{Id: template.Id}})
	if err != nil || project.JSON201 == nil {
		return fmt.Errorf("new project: %v %s", err, project.Body)
	}
	id := project.JSON201.Id.String()
	document, err := api.GetProjectDocumentWithResponse(ctx, env, id)
	if err != nil || document.StatusCode() != http.StatusOK {
		return fmt.Errorf("document: %v %s", err, document.Body)
	}
	saved, err := api.PutProjectDocumentWithBodyWithResponse(ctx, env, id, nil, "application/json", bytes.NewReader(document.Body))
	if err != nil || saved.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("save: %v %s", err, saved.Body)
	}
	order, err := api.OutputPdfWithBodyWithResponse(ctx, env, "application/json", bytes.NewReader([]byte(`{"projectId":"`+id+`"}`)))
	if err != nil || order.JSON200 == nil {
		return fmt.Errorf("order: %v %s", err, order.Body)
	}
	task := order.JSON200.Data.TaskId.String()
	for {
		state, err := api.GetTaskWithResponse(ctx, env, task)
		if err != nil {
			return err
		}
		if state.StatusCode() == http.StatusOK {
			break
		}
		if state.StatusCode() != http.StatusAccepted {
			return fmt.Errorf("task: %s", state.Body)
		}
		time.Sleep(200 * time.Millisecond)
	}
	file, err := api.DownloadTaskWithResponse(ctx, env, task)
	if err != nil || !bytes.HasPrefix(file.Body, []byte("%PDF-")) {
		return fmt.Errorf("download: %v %.200s", err, file.Body)
	}
	fmt.Println("ok", task)
	return nil
}

func getToken(base string) (string, error) {
	res, err := http.PostForm(base+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {os.Getenv("TEPIN_CLIENT_ID")}, "client_secret": {os.Getenv("TEPIN_CLIENT_SECRET")},
	})
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	return grant.AccessToken, json.NewDecoder(res.Body).Decode(&grant)
}
