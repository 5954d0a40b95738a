// Fetches pictures: the one that is due, and the next ones, which cannot be read before the server gives their key.

const HEAD = 4; // bytes that say how long the picture is; what follows it is padding

class Holding {
  constructor(signal) {
    this.signal = signal;
    this.held = new Map(); // name -> {started, bytes: promise of encrypted bytes, or of null where they did not come}
    this.last = Promise.resolve(); // one at a time, so that the next picture is not slowed down by the one after it
  }

  // Fetches what `ahead` lists, in the order of its random names, and forgets what is no longer to come.
  fetchAhead(ahead) {
    const names = new Set(ahead.map(({ name }) => name));
    for (const name of this.held.keys()) if (!names.has(name)) this.held.delete(name);
    if (!window.crypto?.subtle) return; // neither https nor this computer: the browser decrypts nothing
    for (const { name, source } of ahead) if (!this.held.has(name)) this.hold(name, source);
  }

  hold(name, source) {
    const entry = { started: false };
    this.held.set(name, entry);
    const fetchIt = () => {
      if (this.held.get(name) !== entry) return null; // its turn came, or it is no longer to come
      entry.started = true;
      return this.bytes(source);
    };
    entry.bytes = this.last.then(fetchIt).catch(() => {
      if (this.held.get(name) === entry) this.held.delete(name); // to be tried again
      return null;
    });
    this.last = entry.bytes;
  }

  // Returns the image of a picture that is due.
  async image(picture) {
    const packed = (await this.opened(picture)) ?? (await this.bytes(picture.source));
    const length = new DataView(packed).getUint32(0);
    const address = URL.createObjectURL(new Blob([new Uint8Array(packed, HEAD, length)], { type: "image/webp" }));
    try {
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.src = address;
      await image.decode();
      return image;
    } finally {
      URL.revokeObjectURL(address);
    }
  }

  // Returns the bytes of a picture that was fetched before its turn, or null.
  async opened({ name, key }) {
    const entry = this.held.get(name);
    this.held.delete(name);
    const sealed = entry?.started ? await entry.bytes : null;
    if (!sealed) return null;
    try {
      const raw = Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
      const imported = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
      return await crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, imported, sealed);
    } catch {
      return null; // damaged on its way: the due picture is fetched in the clear
    }
  }

  async bytes(source) {
    const response = await fetch(source, { credentials: "same-origin", cache: "no-store", signal: this.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.arrayBuffer();
  }
}
