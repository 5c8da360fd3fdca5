// Command status-judge reads Kubernetes objects from standard input, one JSON object a line, and
// prints one line of JSON for each: what kstatus computes (the original, and Flux's fork of it, which
// Flux and Helm 4 run), and what Flux's checker of conditions finds, at rest and in progress.
//
// -negative names the condition types that are bad news when they are True, worst first.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	fluxstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/fluxcd/pkg/runtime/conditions/check"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kerrors "k8s.io/apimachinery/pkg/util/errors"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// An object larger than this does not fit into etcd.
const longestLine = 4 << 20

// verdict is what is printed for an object.
type verdict struct {
	// Why the line could not be judged; everything else is empty then.
	Error       string   `json:"error,omitempty"`
	Kstatus     computed `json:"kstatus"`
	FluxKstatus computed `json:"fluxKstatus"`
	AtRest      findings `json:"atRest"`
	InProgress  findings `json:"inProgress"`
}

// computed is a result of kstatus: a status with its message, or why there is none.
type computed struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

// findings are the sentences of Flux's checker.
type findings struct {
	Failures []string `json:"failures"`
	Warnings []string `json:"warnings"`
}

func main() {
	negative := flag.String("negative", "", "condition `types` that are bad news when True, comma-separated, worst first")
	flag.Parse()
	if err := judgeAll(os.Stdin, os.Stdout, types(*negative)); err != nil {
		fmt.Fprintln(os.Stderr, "status-judge:", err)
		os.Exit(1)
	}
}

func types(list string) *check.Conditions {
	known := &check.Conditions{NegativePolarity: []string{}}
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			known.NegativePolarity = append(known.NegativePolarity, name)
		}
	}
	return known
}

func judgeAll(in io.Reader, out io.Writer, known *check.Conditions) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		if err := answers.Encode(judge(lines.Bytes(), known)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func judge(line []byte, known *check.Conditions) verdict {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(line); err != nil {
		return verdict{Error: err.Error()}
	}
	var v verdict
	if result, err := status.Compute(object); err != nil {
		v.Kstatus.Error = err.Error()
	} else {
		v.Kstatus.Status, v.Kstatus.Message = result.Status.String(), result.Message
	}
	if result, err := fluxstatus.Compute(object); err != nil {
		v.FluxKstatus.Error = err.Error()
	} else {
		v.FluxKstatus.Status, v.FluxKstatus.Message = result.Status.String(), result.Message
	}
	v.AtRest = checked(check.NewChecker(nil, known), object)
	v.InProgress = checked(check.NewInProgressChecker(nil), object)
	return v
}

func checked(checker *check.Checker, object *unstructured.Unstructured) findings {
	// There is no API server to ask for a newer version of the object.
	checker.DisableFetch = true
	failures, warnings := checker.Check(context.Background(), conditions.UnstructuredGetter(object))
	return findings{Failures: sentences(failures), Warnings: sentences(warnings)}
}

func sentences(err error) []string {
	found := []string{}
	var all kerrors.Aggregate
	if errors.As(err, &all) {
		for _, one := range all.Errors() {
			found = append(found, one.Error())
		}
	} else if err != nil {
		found = append(found, err.Error())
	}
	return found
}
