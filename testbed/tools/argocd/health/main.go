// Command health reads Kubernetes objects from standard input, one JSON object a line, and prints one
// line of JSON for each: the health that Argo CD gives it with the Lua script in the file -script, by
// Argo CD's own code. The script runs without Lua's libraries, as one in a ConfigMap does.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// An object larger than this does not fit into etcd.
const longestLine = 4 << 20

// verdict is what is printed for an object. An error may come with a health.
type verdict struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	path := flag.String("script", "", "`file` with the Lua script")
	flag.Parse()
	script, err := os.ReadFile(*path)
	if err == nil {
		err = judgeAll(os.Stdin, os.Stdout, string(script))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "health:", err)
		os.Exit(1)
	}
}

func judgeAll(in io.Reader, out io.Writer, script string) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		if err := answers.Encode(judge(lines.Bytes(), script)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func judge(line []byte, script string) verdict {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(line); err != nil {
		return verdict{Error: err.Error()}
	}
	overrides := lua.ResourceHealthOverrides{
		lua.GetConfigMapKey(object.GroupVersionKind()): v1alpha1.ResourceOverride{HealthLua: script},
	}
	var v verdict
	found, err := health.GetResourceHealth(object, overrides)
	if found != nil {
		v.Status, v.Message = string(found.Status), found.Message
	}
	if err != nil {
		v.Error = err.Error()
	}
	return v
}
