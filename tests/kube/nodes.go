package main

import (
	"context"

	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// The programs of a node, in a file of its own: other minors are built without it, since a kubelet is not made in the
// same way in each, and nodes are run of one minor only.
func init() {
	programs["kube-proxy"] = func() { serve(kubeproxy.NewProxyCommand()) }
	programs["kubelet"] = func() { serve(kubelet.NewKubeletCommand(context.Background())) }
}
