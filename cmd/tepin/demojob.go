package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/client"
	"github.com/tepin/tepin/document"
	"github.com/tepin/tepin/sample"
)

// What the demo knows of the sample template.
const (
	sampleName   = "Afterglow"
	printLayout  = "poster"
	screenLayout = "card"
)

// sampleValues is what the demo sets in its project.
var sampleValues = map[string]any{
	"Headline": "High notes",
	"Subline":  "An evening of strings above the tree line",
	"Price":    54,
}

// mainJob does, over HTTP and with the API alone, what an integration is for: token,
// templates, project, variables, PDF and PNG.
func (d *demo) mainJob(ctx context.Context, data string) error {
	api := &apiClient{base: d.URL + "/grafx/api/v1/environment/" + d.Environment.TechnicalName}
	steps := []struct {
		name string
		do   func(context.Context, *apiClient) error
	}{
		{"get a token", func(ctx context.Context, c *apiClient) error { return c.authorize(ctx, d.URL, d.Integrations.All) }},
		{"find the sample template", d.sampleTemplate},
		{"make a project of it", d.sampleProject},
		{"set its variables", d.setVariables},
		{"render the PDF", func(ctx context.Context, c *apiClient) (err error) {
			d.Outputs.PDF, err = d.render(ctx, c, data, "pdf", printLayout)
			return err
		}},
		{"render the PNG", func(ctx context.Context, c *apiClient) (err error) {
			d.Outputs.PNG, err = d.render(ctx, c, data, "png", screenLayout)
			return err
		}},
	}
	for _, s := range steps {
		if err := s.do(ctx, api); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// item is what the demo reads of a template, project, media or font.
type item struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type itemList struct {
	Data []item `json:"data"`
}

// sampleTemplate lists the templates, and at the first start uploads the sample with
// its fonts and its picture.
func (d *demo) sampleTemplate(ctx context.Context, c *apiClient) error {
	var list itemList
	if err := c.get(ctx, "/templates?search="+url.QueryEscape(sampleName), &list); err != nil {
		return err
	}
	if len(list.Data) > 0 {
		d.Template.ID = tepin.TemplateID(list.Data[0].ID)
		return nil
	}
	name, picture := sample.Media()
	var media item
	if err := c.upload(ctx, "/media?folderPath=/Sample&name="+url.QueryEscape(strings.TrimSuffix(name, filepath.Ext(name))), name, picture, &media); err != nil {
		return fmt.Errorf("upload the picture: %w", err)
	}
	fonts := map[string]string{}
	for _, f := range sample.Fonts() {
		id, err := c.uploadFont(ctx, f)
		if err != nil {
			return fmt.Errorf("upload the font %s %s: %w", f.Family, f.Style, err)
		}
		fonts[f.Family+" "+f.Style] = id
	}
	var created struct {
		item
		Data item `json:"data"`
	}
	doc := sample.Template(fonts, media.ID)
	if err := c.send(ctx, http.MethodPost, "/templates?name="+url.QueryEscape(sampleName)+"&folderPath=/", "application/json", bytes.NewReader(doc), &created); err != nil {
		return err
	}
	d.Template.ID = tepin.TemplateID(created.ID + created.Data.ID)
	return nil
}

// sampleProject uses the project of an earlier start, or makes one.
func (d *demo) sampleProject(ctx context.Context, c *apiClient) error {
	var list itemList
	if err := c.get(ctx, "/projects", &list); err != nil {
		return err
	}
	for _, p := range list.Data {
		if p.Name == sampleName {
			d.Project.ID = tepin.ProjectID(p.ID)
			return nil
		}
	}
	var project item
	body := fmt.Sprintf(`{"name":%q,"template":{"id":%q}}`, sampleName, d.Template.ID)
	if err := c.send(ctx, http.MethodPost, "/projects", "application/json", strings.NewReader(body), &project); err != nil {
		return err
	}
	d.Project.ID = tepin.ProjectID(project.ID)
	return nil
}

// setVariables reads the project's document, changes it, and saves it.
func (d *demo) setVariables(ctx context.Context, c *apiClient) error {
	path := "/projects/" + string(d.Project.ID) + "/document"
	var doc json.RawMessage
	if err := c.get(ctx, path, &doc); err != nil {
		return err
	}
	changed, err := document.SetVariables(doc, sampleValues)
	if err != nil {
		return err
	}
	return c.send(ctx, http.MethodPut, path, "application/json", bytes.NewReader(changed), nil)
}

// render starts an output of the project, waits for it, and saves its file below data.
func (d *demo) render(ctx context.Context, c *apiClient, data, format, layout string) (string, error) {
	var started struct {
		Links struct {
			TaskInfo string `json:"taskInfo"`
		} `json:"links"`
	}
	body := fmt.Sprintf(`{"projectId":%q,"layoutsToExport":[%q]}`, d.Project.ID, layout)
	if err := c.send(ctx, http.MethodPost, "/output/"+format, "application/json", strings.NewReader(body), &started); err != nil {
		return "", err
	}
	download, err := c.poll(ctx, started.Links.TaskInfo)
	if err != nil {
		return "", err
	}
	return c.download(ctx, download, filepath.Join(data, "output"))
}

// apiClient calls the Environment API as any integration would.
type apiClient struct{ base, token string }

// authorize takes a token.
func (c *apiClient) authorize(ctx context.Context, server string, id clientCredentials) error {
	tokens, err := client.New(client.Config{
		BaseURL: server, ClientID: string(id.ClientID), ClientSecret: id.ClientSecret, Audience: "https://chiligrafx.com",
	})
	if err != nil {
		return err
	}
	t, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	c.token = t.AccessToken
	return nil
}

func (c *apiClient) get(ctx context.Context, path string, into any) error {
	return c.send(ctx, http.MethodGet, path, "", nil, into)
}

// send makes one request and reads its JSON answer.
func (c *apiClient) send(ctx context.Context, method, path, contentType string, body io.Reader, into any) error {
	res, err := c.request(ctx, method, c.base+path, contentType, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if into == nil {
		return nil
	}
	if raw, ok := into.(*json.RawMessage); ok { // byte for byte
		*raw, err = io.ReadAll(res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// request makes one request; an answer other than 2xx is an error that shows it.
func (c *apiClient) request(ctx context.Context, method, url, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		defer res.Body.Close()
		said, err := io.ReadAll(io.LimitReader(res.Body, 4096))
		return nil, errors.Join(fmt.Errorf("%s %s answers %s: %s", method, req.URL.Path, res.Status, bytes.TrimSpace(said)), err)
	}
	return res, nil
}

// upload sends one file as multipart form data.
func (c *apiClient) upload(ctx context.Context, path, name string, data []byte, into any) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return err
	}
	return c.send(ctx, http.MethodPost, path, form.FormDataContentType(), &body, into)
}

// uploadFont goes the two steps of a font upload and returns the style's id.
func (c *apiClient) uploadFont(ctx context.Context, f sample.Font) (string, error) {
	var batch struct {
		BatchID string `json:"batchId"`
		Data    struct {
			PreloadedData []struct {
				ID     string   `json:"id"`
				Errors []string `json:"errors"`
			} `json:"preloadedData"`
		} `json:"data"`
	}
	if err := c.upload(ctx, "/font-styles/temp", f.Name, f.Data, &batch); err != nil {
		return "", err
	}
	fonts := batch.Data.PreloadedData
	if len(fonts) != 1 || len(fonts[0].Errors) > 0 {
		return "", fmt.Errorf("the font was not taken: %+v", fonts)
	}
	return fonts[0].ID, c.send(ctx, http.MethodPost, "/font-styles/temp/"+batch.BatchID+"/confirm", "", nil, nil)
}

// poll asks for a task until it is finished, and returns the link of its file.
func (c *apiClient) poll(ctx context.Context, task string) (string, error) {
	for {
		res, err := c.request(ctx, http.MethodGet, task, "", nil)
		if err != nil {
			return "", err
		}
		var answer struct {
			Links struct {
				Download string `json:"download"`
			} `json:"links"`
		}
		if res.StatusCode == http.StatusOK {
			err = json.NewDecoder(res.Body).Decode(&answer)
		}
		res.Body.Close()
		if err != nil || res.StatusCode == http.StatusOK {
			return answer.Links.Download, err
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the task was not finished in time: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// download saves a file in dir under the name that the server gives it.
func (c *apiClient) download(ctx context.Context, link, dir string) (string, error) {
	res, err := c.request(ctx, http.MethodGet, link, "", nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
	if err != nil || params["filename"] == "" {
		return "", errors.New("the download has no file name")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	name, err := filepath.Abs(filepath.Join(dir, filepath.Base(params["filename"])))
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, res.Body)
	return name, errors.Join(err, f.Close())
}
