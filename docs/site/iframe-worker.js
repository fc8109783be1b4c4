// Search in a site that is opened from the disk: a browser starts no Worker for file:, so a hidden frame stands for one.
// The theme's search script looks for this name in its parent, and for its own script element beside it.
if (location.protocol === "file:") {
  const surroundings = `
    window.postMessage = (data) => parent.postMessage(data, "*")
    window.importScripts = (...names) => names.reduce((done, name) => done.then(() => new Promise((resolve) => {
      const script = document.createElement("script")
      script.src = name
      script.onload = resolve
      document.body.append(script)
    })), Promise.resolve())`

  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.ready = new Promise((resolve) => (this.frame.onload = resolve))
      this.frame.srcdoc = `<body><script>${surroundings}<\/script><script src="${url}"><\/script></body>`
      window.addEventListener("message", ({ source, data }) => {
        if (source !== this.frame.contentWindow) return
        const event = new MessageEvent("message", { data })
        this.dispatchEvent(event)
        this.onmessage?.(event)
      })
      document.body.append(this.frame)
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }

    terminate() {
      this.frame.remove()
    }
  }
}
