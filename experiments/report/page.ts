/** The frame of every report: one HTML file, no scripts, no requests, readable on paper, in the dark and on a telephone. */
import { type Html, type HtmlValue, html, trusted } from './html.ts';
import { STYLE } from './style.ts';

const KEYHOLE = trusted(
  '<svg width="20" height="24" viewBox="0 0 20 24" aria-hidden="true"><path fill="currentColor" d="M10 0a7 7 0 0 0-3.6 13L4 24h12l-2.4-11A7 7 0 0 0 10 0z"/></svg>',
);

export interface PageParts {
  readonly title: string;
  readonly heading: string;
  readonly main: HtmlValue;
  /** of keyhole */
  readonly version: string;
  readonly date: string | undefined;
  /** shows pictures that the page itself holds */
  readonly pictures?: boolean;
}

export function page({ title, heading, main, version, date, pictures = false }: PageParts): string {
  const all: Html = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${pictures && '; img-src data:'}">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header><span class="brand">${KEYHOLE}Keyhole</span><span class="what"><h1>${heading}</h1></span></header>
<main>
${main}
</main>
<footer>Made by Keyhole ${version}${date !== undefined && `, ${date}`}. This page loads nothing and runs no scripts.</footer>
</body>
</html>
`;
  return all.markup;
}
