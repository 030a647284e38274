/** HTML from template literals: everything interpolated is escaped unless it was made here. */

/** Markup that may be inserted as it is. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in text and in quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/** html`<b>${anything}</b>`: strings and numbers are escaped, arrays are joined, null, undefined and false are nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { markup: parts.reduce((text, part, i) => text + markupOf(values[i - 1]) + part) };
}

/** Marks text as markup. Only for text that this module's callers made themselves: a style sheet, a serialised plot. */
export function trusted(markup: string): Html {
  return { markup };
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'object') return 'markup' in value ? value.markup : value.map(markupOf).join('');
  // a figure and its per cent sign stay on one line
  return escapeHtml(String(value)).replace(/(\d) %/g, '$1\u00a0%');
}
