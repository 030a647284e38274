/** Text in columns of a terminal: width as displayed, padding, cutting, wrapping. */

let segmenter: Intl.Segmenter | undefined;
/** What a reader sees as single characters. */
function* characters(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** Terminal cells: combining marks take none, East Asian wide characters and emoji two. */
export function displayWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const segment of characters(text)) {
    width += /^[\p{Mark}\p{Control}\p{Format}]+$/u.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}|^[\u{20000}-\u{3fffd}]/u;

/** Control characters out of a name that came from a file: they would move the cursor or change colours. */
export function printable(text: string): string {
  return text.replace(/[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}]+/gu, ' ');
}

export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** The beginning of the text, with an ellipsis where it does not fit. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const segment of characters(text)) {
    used += displayWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Lines of at most `width` cells, broken at spaces but not within "95 %" or "≥ 10"; continuation lines are indented. */
export function wrap(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replace(/(\d) (?=%)|(≥) /g, '$1$2\u00a0').split(' ')) {
    const next = line === '' ? word : `${line} ${word}`;
    if (displayWidth(next) <= width) {
      line = next;
      continue;
    }
    if (line.trim() !== '') lines.push(line);
    line = cut(' '.repeat(lines.length > 0 ? indent : 0) + word, width);
  }
  return [...lines, line];
}
