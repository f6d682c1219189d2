// The page's document: the places that its script fills.

/** What is shown of one pool; `key` is its name in the JSON. */
const poolSection = (
  key: string,
  title: string,
  entry: string,
): string => `<section aria-labelledby="${key}-title">
<h2 id="${key}-title">${title} <small>${entry}</small></h2>
<ol class="slots" id="${key}-slots"></ol>
<dl id="${key}-counts"></dl>
<table>
<thead><tr><th>times</th><th>count</th><th>mean</th><th>p50</th><th>p99</th><th>longest</th></tr></thead>
<tbody id="${key}-times"></tbody>
</table>
<p class="phases" id="${key}-phases">Nothing was asked of it yet.</p>
</section>`;

/** HTML without inline style or script. */
export const pageHtml: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Openline lab</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script>
</head>
<body>
<header>
<h1>Orders service: its pools</h1>
<p id="status" role="status">connecting…</p>
</header>
<main>
<p><a class="next" href="/break"><b>Break something, and let it explain itself</b> <span>leak a connection, kill the database, silence the network: the dashboard names the cause →</span></a></p>
<div id="pools">
${poolSection('database', 'Database', 'openline/pg')}
${poolSection('prices', 'Price service', 'openline/http')}
</div>
<p class="legend"><i class="idle"></i>idle <i class="leased"></i>leased <i class="opening"></i>opening or being checked <i class="closing"></i>closing <i></i>not open</p>
<section aria-labelledby="holders-title">
<h2 id="holders-title">Holders now</h2>
<table>
<thead><tr><th>connection</th><th>for</th><th class="text">acquired at</th></tr></thead>
<tbody id="holders"></tbody>
</table>
</section>
<p class="hint">The lab keeps light load on: orders all the time, and now and then a report that holds its database connection for 0.8 s.
Add to it: <a href="/orders/42">/orders/42</a>, <a href="/reports/sales">/reports/sales</a>. As JSON: <a href="/pools.json">/pools.json</a>.</p>
</main>
</body>
</html>
`;

/** A line with two ends. */
export const pageIcon: string = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<path d="M3 8h10" stroke="#2f9e6e" stroke-width="2.5"/><circle cx="3" cy="8" r="3" fill="#2f9e6e"/><circle cx="13" cy="8" r="3" fill="#d9822b"/>
</svg>
`;
