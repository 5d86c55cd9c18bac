// Fetches what the kernel offers, a few chunks at a time.
const N_FETCHES_AHEAD = 4;
const GIVE_UP_AFTER = 120_000; // ms without a chunk

class Receiver {
  constructor(model) {
    this.model = model;
    this.transfers = new Map();
    model.on("msg:custom", (message, buffers) => this.transfers.get(message.id)?.(message, buffers));
  }

  // A Blob of what was offered; onProgress gets the fraction that is here.
  async fetch(offer, signal, onProgress = () => {}) {
    const { id, n_bytes: nBytes, chunk_bytes: chunkBytes } = offer;
    const parts = new Array(Math.ceil(nBytes / chunkBytes));
    let nAsked = 0;
    let nHere = 0;
    let clock;
    const ask = () => {
      while (nAsked < parts.length && nAsked - nHere < N_FETCHES_AHEAD) {
        this.model.send({ type: "fetch", id, offset: chunkBytes * nAsked++ });
      }
    };
    try {
      await new Promise((resolve, reject) => {
        const wait = () => {
          clearTimeout(clock);
          clock = setTimeout(() => reject(new Error("InstruNet did not answer")), GIVE_UP_AFTER);
        };
        this.transfers.set(id, (message, buffers) => {
          if (message.type === "lapsed") reject(new Error("it is no longer there"));
          if (message.type !== "chunk") return;
          parts[message.offset / chunkBytes] = buffers[0];
          nHere += 1;
          onProgress(nHere / parts.length);
          wait();
          if (nHere === parts.length) resolve();
          else ask();
        });
        signal?.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")));
        wait();
        if (parts.length) ask();
        else resolve();
      });
      return new Blob(parts, { type: offer.media_type });
    } finally {
      clearTimeout(clock);
      this.transfers.delete(id);
      this.model.send({ type: "fetched", id });
    }
  }
}
