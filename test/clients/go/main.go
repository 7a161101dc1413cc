// Command client speaks with Azure Resource Manager as Pulumi's azure-native provider does: it asks
// the endpoint for its metadata, signs in with a client secret, sends raw JSON through azcore's
// pipeline, and follows whatever runs on after the answer with azcore's poller.
//
// It says "ready", then reads requests from standard input, one JSON object a line, and answers each
// with a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const (
	metadataVersion = "2022-09-01"
	// The least that azcore takes.
	pollingInterval = time.Second
	// No request of a test takes longer.
	deadline = time.Minute
)

// document is a body in Azure's shape.
type document = map[string]any

// request is one line of standard input.
type request struct {
	Method     string   `json:"method"`
	Path       string   `json:"path"`
	APIVersion string   `json:"apiVersion"`
	Body       document `json:"body,omitempty"`
}

// answer is one line of standard output.
type answer struct {
	Status int `json:"status"`
	// Code is Azure's error code, in a refusal.
	Code string `json:"code,omitempty"`
	// Polled says whether the operation went on after the first answer.
	Polled bool     `json:"polled"`
	Body   document `json:"body,omitempty"`
}

// metadata is what the endpoint says of the cloud that it belongs to.
type metadata struct {
	ResourceManager string `json:"resourceManager"`
	Authentication  struct {
		LoginEndpoint string   `json:"loginEndpoint"`
		Audiences     []string `json:"audiences"`
	} `json:"authentication"`
}

// client sends requests as one signed-in application.
type client struct {
	pipeline runtime.Pipeline
	endpoint string
}

func main() {
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers until standard input ends.
func serve(ctx context.Context) error {
	c, err := signIn(ctx, os.Getenv("ARM_METADATA_HOSTNAME"))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode("ready"); err != nil {
		return err
	}
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return fmt.Errorf("request: %w", err)
		}
		said, err := c.send(ctx, asked)
		if err != nil {
			return fmt.Errorf("%s %s: %w", asked.Method, asked.Path, err)
		}
		if err := out.Encode(said); err != nil {
			return err
		}
	}
	return lines.Err()
}

// signIn finds the cloud by a host's metadata, and makes the pipeline of its resource manager.
func signIn(ctx context.Context, host string) (*client, error) {
	found, err := askMetadata(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", host, err)
	}
	if len(found.Authentication.Audiences) == 0 {
		return nil, fmt.Errorf("metadata of %s name no audience", host)
	}
	own := cloud.Configuration{
		ActiveDirectoryAuthorityHost: found.Authentication.LoginEndpoint,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {
				Audience: found.Authentication.Audiences[0],
				Endpoint: found.ResourceManager,
			},
		},
	}
	credential, err := azidentity.NewClientSecretCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), os.Getenv("AZURE_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            policy.ClientOptions{Cloud: own},
			DisableInstanceDiscovery: true,
		},
	)
	if err != nil {
		return nil, err
	}
	options := &arm.ClientOptions{
		ClientOptions:         policy.ClientOptions{Cloud: own},
		DisableRPRegistration: true,
	}
	pipeline, err := armruntime.NewPipeline("client", "v0.0.0", credential, runtime.PipelineOptions{}, options)
	if err != nil {
		return nil, err
	}
	return &client{pipeline: pipeline, endpoint: found.ResourceManager}, nil
}

func askMetadata(ctx context.Context, host string) (found metadata, err error) {
	url := fmt.Sprintf("https://%s/metadata/endpoints?api-version=%s", host, metadataVersion)
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return found, err
	}
	said, err := http.DefaultClient.Do(asked)
	if err != nil {
		return found, err
	}
	defer said.Body.Close()
	if said.StatusCode != http.StatusOK {
		return found, errors.New(said.Status)
	}
	return found, json.NewDecoder(said.Body).Decode(&found)
}

// send sends one request and waits until what it began is done. A refusal is an answer.
func (c *client) send(ctx context.Context, asked request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if asked.Method == "LIST" {
		return c.list(ctx, asked)
	}
	response, err := c.do(ctx, asked.Method, runtime.JoinPaths(c.endpoint, asked.Path), asked)
	if err != nil {
		return refusal(err)
	}
	switch asked.Method {
	case http.MethodPut, http.MethodPatch, http.MethodPost, http.MethodDelete:
		return c.finish(ctx, response)
	}
	said := &answer{Status: response.StatusCode}
	if asked.Method != http.MethodHead {
		err = runtime.UnmarshalAsJSON(response, &said.Body)
	}
	return said, err
}

// finish polls until a write is done.
func (c *client) finish(ctx context.Context, response *http.Response) (*answer, error) {
	status := response.StatusCode
	poller, err := runtime.NewPoller[document](response, c.pipeline, nil)
	if err != nil {
		return nil, err
	}
	polled := !poller.Done()
	body, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: pollingInterval})
	if err != nil {
		return refusal(err)
	}
	return &answer{Status: status, Polled: polled, Body: body}, nil
}

// list follows a list to its last page.
func (c *client) list(ctx context.Context, asked request) (*answer, error) {
	all := []any{}
	next := runtime.JoinPaths(c.endpoint, asked.Path)
	for next != "" {
		response, err := c.do(ctx, http.MethodGet, next, asked)
		if err != nil {
			return refusal(err)
		}
		var page struct {
			Value    []any  `json:"value"`
			NextLink string `json:"nextLink"`
		}
		if err := runtime.UnmarshalAsJSON(response, &page); err != nil {
			return nil, err
		}
		all, next = append(all, page.Value...), page.NextLink
	}
	return &answer{Status: http.StatusOK, Body: document{"value": all}}, nil
}

// do sends through the pipeline; a status that is no success is an error.
func (c *client) do(ctx context.Context, method, url string, asked request) (*http.Response, error) {
	sent, err := runtime.NewRequest(ctx, method, url)
	if err != nil {
		return nil, err
	}
	query := sent.Raw().URL.Query()
	query.Set("api-version", asked.APIVersion)
	sent.Raw().URL.RawQuery = query.Encode()
	sent.Raw().Header.Set("Accept", "application/json")
	if asked.Body != nil {
		if err := runtime.MarshalAsJSON(sent, asked.Body); err != nil {
			return nil, err
		}
	}
	response, err := c.pipeline.Do(sent)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(response, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent) {
		return nil, runtime.NewResponseError(response)
	}
	return response, nil
}

// refusal makes an answer of an error that Azure gave; any other stays an error.
func refusal(err error) (*answer, error) {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		return &answer{Status: refused.StatusCode, Code: refused.ErrorCode}, nil
	}
	return nil, err
}
