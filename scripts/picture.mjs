// npm run picture: docs/report.png, the top of the report that npm start writes, as a browser shows it.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = new URL('..', import.meta.url);
const browser = await chromium.launch({
  executablePath: process.env.KEYHOLE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1120, height: 1000 } });
await page.goto(pathToFileURL(fileURLToPath(new URL('keyhole-report/report.html', root))).href);
await page.screenshot({ path: fileURLToPath(new URL('docs/report.png', root)) });
await browser.close();
