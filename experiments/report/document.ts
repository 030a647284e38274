/**
 * A document of just the methods that Observable Plot calls, so that plots become SVG text in Node, in a worker and in a
 * page alike. In a page, plots can be drawn into the real `document` instead.
 */
import { escapeHtml } from './html.ts';

class FakeText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
  get outerHTML(): string {
    return escapeHtml(this.text);
  }
}

type FakeNode = FakeElement | FakeText;

class FakeElement {
  readonly attributes = new Map<string, string>();
  childNodes: FakeNode[] = [];
  parentNode: FakeElement | null = null;
  readonly ownerDocument: FakeDocument;
  readonly tagName: string;
  readonly namespaceURI: string;

  constructor(ownerDocument: FakeDocument, namespaceURI: string, tagName: string) {
    this.ownerDocument = ownerDocument;
    this.namespaceURI = namespaceURI;
    this.tagName = tagName;
  }
  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }
  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value));
  }
  setAttributeNS(_namespace: string | null, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }
  appendChild<N extends FakeNode>(child: N): N {
    return this.insertBefore(child, null);
  }
  append(...children: (FakeNode | string)[]): void {
    for (const c of children) this.appendChild(typeof c === 'string' ? new FakeText(c) : c);
  }
  insertBefore<N extends FakeNode>(child: N, before: FakeNode | null): N {
    if (child instanceof FakeElement) {
      const from = child.parentNode?.childNodes;
      from?.splice(from.indexOf(child), 1);
      child.parentNode = this;
    }
    const at = before === null ? -1 : this.childNodes.indexOf(before);
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, child);
    return child;
  }
  set textContent(text: unknown) {
    this.childNodes = [new FakeText(String(text ?? ''))];
  }
  get style(): unknown {
    return {
      setProperty: (name: string, value: unknown) =>
        this.setAttribute('style', `${this.getAttribute('style') ?? ''}${name}:${value};`),
    };
  }
  set style(css: unknown) {
    this.setAttribute('style', css);
  }
  get outerHTML(): string {
    const attributes = [...this.attributes].map(([name, value]) => ` ${name}="${escapeHtml(value)}"`).join('');
    // the content of a style element is raw text in HTML: an entity would stay an entity
    const inner = this.childNodes.map((c) =>
      this.tagName === 'style' && c instanceof FakeText ? c.text : c.outerHTML,
    );
    return `<${this.tagName}${attributes}>${inner.join('')}</${this.tagName}>`;
  }
}

class FakeDocument {
  readonly documentElement = new FakeElement(this, 'http://www.w3.org/1999/xhtml', 'html');
  createElementNS(namespace: string, name: string): FakeElement {
    return new FakeElement(this, namespace, name);
  }
  createElement(name: string): FakeElement {
    return this.createElementNS('http://www.w3.org/1999/xhtml', name);
  }
  createTextNode(text: unknown): FakeText {
    return new FakeText(String(text));
  }
}

/** For Plot's `document` option; read the result with `outerHTML`. */
export function createDocument(): Document {
  return new FakeDocument() as unknown as Document;
}
