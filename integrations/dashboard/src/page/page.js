'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  const lists = { guards: new Map(), groups: new Map(), checks: new Map(), functions: new Map() };
  const state = { at: 0, offset: 0, id: null, sections: {}, timeline: [], notifications: [], whole: false };
  // The data of a file, or what the live page begins with.
  const given = JSON.parse($('data').textContent);
  const file = 'live' in given ? null : given;

  // Elements. Texts become text nodes and nothing else.
  const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  const plain = (value) => String(value).replace(CONTROLS, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === true) node.setAttribute(name, '');
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }
  const foreign = (value, attributes) => el('bdi', attributes, plain(value));
  function svg(tag, attributes, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }
  // Sets the text of a place that nothing else sets; to ask the page for it takes longer.
  function set(node, text) {
    if (node.text === text) return;
    node.text = text;
    node.textContent = text;
  }
  // Replaces what a place shows where it differs, and leaves it alone where it does not.
  function fill(place, key, make) {
    if (place.shown === key) return;
    place.shown = key;
    place.replaceChildren(...[make()].flat().filter(Boolean));
  }

  // Numbers and times.
  const now = () => (file ? state.at : Date.now() + state.offset);
  const format = new Intl.NumberFormat('en');
  const number = (value) => (value >= -999 && value <= 999 ? String(Math.round(value * 1000) / 1000) : format.format(value ?? 0));
  function short(value) {
    if (value < 10000) return number(value);
    if (value < 1e6) return `${(value / 1e3).toFixed(value < 1e5 ? 1 : 0)}k`;
    return `${(value / 1e6).toFixed(value < 1e8 ? 1 : 0)}M`;
  }
  function rate(value) {
    if (value === null) return '–';
    return value === 0 || value >= 100 ? number(Math.round(value)) : value.toFixed(value < 10 ? 1 : 0);
  }
  const percent = (share) => (share === null || share === undefined ? '–' : `${(share * 100).toFixed(share < 0.1 && share > 0 ? 1 : 0)} %`);
  function span(value) {
    const s = Number(value);
    if (s === 0) return '0 s';
    if (s < 1) return `${Math.max(1, Math.round(s * 1000))} ms`;
    if (s < 10 && s % 1 !== 0) return `${s.toFixed(1)} s`;
    if (s < 120) return `${Math.round(s)} s`;
    if (s < 7200) return `${Math.round(s / 60)} min`;
    if (s < 172800) return `${Math.round(s / 3600)} h`;
    if (s < 3.2e9) return `${number(Math.round(s / 86400))} d`;
    return 'ever';
  }
  const clock = (at) => new Date(at).toLocaleTimeString('en-GB');
  const full = (at) => new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');
  function ago(at) {
    // A file is read at another time.
    if (file) return state.at - at < 86400000 ? clock(at) : full(at).slice(0, 16);
    const seconds = (now() - at) / 1000;
    return seconds < 1.5 ? 'now' : `${span(Math.round(seconds))} ago`;
  }
  const lasting = (at) => (file ? `since ${ago(at)}` : `for ${span(Math.max(0, Math.round((now() - at) / 1000)))}`);
  const until = (at) => (file ? `at ${clock(at)}` : at <= now() ? 'now' : `in ${span(Math.ceil((at - now()) / 1000))}`);
  const HOW = { ago, until, lasting };
  function when(at, how) {
    if (at === null || at === undefined) return null;
    const node = el('time', { datetime: new Date(at).toISOString(), title: full(at), 'data-at': at, 'data-how': how ?? 'ago' });
    set(node, HOW[how ?? 'ago'](at));
    return node;
  }
  function passTime() {
    for (const node of document.querySelectorAll('time[data-at]')) {
      set(node, HOW[node.dataset.how](Number(node.dataset.at)));
    }
  }

  // States: each has a sign and a word besides its colour.
  const STATES = {
    closed: ['good', '●', 'Closed', 1], half_open: ['warn', '◐', 'Half-open', 2], open: ['bad', '▲', 'Open', 3],
    forced_open: ['bad', '■', 'Forced open', 3], disabled: ['off', '○', 'Disabled', 1],
    pass: ['good', '●', 'Pass', 1], warn: ['warn', '◐', 'Warn', 2], fail: ['bad', '▲', 'Fail', 3],
    unknown: ['off', '○', 'Unknown', 1],
  };
  const LEVELS = { critical: ['bad', '■', 'Critical'], error: ['bad', '▲', 'Error'], warning: ['warn', '◐', 'Warning'], info: ['calm', '●', 'Info'] };
  const stateOf = (name) => STATES[name?.replace('-', '_')] ?? ['off', '○', plain(name ?? 'unknown'), 1];
  const levelOf = (name) => LEVELS[name] ?? ['off', '○', plain(name)];
  const badge = ([tone, sign, word]) => el('span', { class: `badge ${tone}` }, el('span', { 'aria-hidden': 'true' }, `${sign} `), word);
  const KINDS = { breaker: 'Circuit breaker', bulkhead: 'Bulkhead', rate_limiter: 'Rate limiter', retry_budget: 'Retry budget', retry: 'Retry' };

  // What a guard is about, in one form for all kinds.
  const nameOf = (guard) => (guard.name === null ? 'default budget' : guard.name);
  function situation(guard) {
    switch (guard.kind) {
      case 'breaker': {
        const [tone, sign, word] = stateOf(guard.state);
        return [tone, sign, guard.config?.shadow ? `${word}, shadow` : word];
      }
      case 'bulkhead':
        if (guard.limit > 0 && guard.in_flight < guard.limit) return ['good', '●', 'Room'];
        return guard.queued > 0 ? ['bad', '▲', 'Full, queue'] : ['warn', '◐', 'Full'];
      case 'rate_limiter':
        return guard.available > 0 ? ['good', '●', 'Permits'] : ['warn', '◐', guard.waiting > 0 ? 'Waiting' : 'No permit'];
      case 'retry_budget':
        return guard.available >= 1 ? ['good', '●', 'Tokens'] : ['warn', '◐', 'Spent'];
      default:
        return guard.failed_with_retry > 0 ? ['warn', '◐', 'Gave up'] : ['calm', '●', 'Retried'];
    }
  }
  const KIND_ORDER = Object.keys(KINDS);
  function rank(guard) {
    guard.now = situation(guard);
    guard.urgency = ({ bad: 0, warn: 1, off: 2 }[guard.now[0]] ?? 3) * 10 + KIND_ORDER.indexOf(guard.kind);
  }
  const isUrgent = (guard) => guard.urgency < 20 && guard.kind !== 'retry';
  function totals(guard) {
    switch (guard.kind) {
      case 'breaker': {
        const c = guard.counts;
        return [c.success + c.failure + c.ignored + c.rejected, c.failure + c.rejected];
      }
      case 'bulkhead': case 'rate_limiter': return [guard.admitted + guard.rejected, guard.rejected];
      case 'retry': {
        const failed = guard.failed_with_retry + guard.failed_without_retry;
        return [guard.successful_with_retry + failed, failed];
      }
      default: return [0, 0];
    }
  }

  // Rates, from counts of the last minutes: a point where a count changed.
  const POINTS = 70;
  const points = new Map();
  function note(guard) {
    const [calls, fails] = totals(guard);
    const kept = points.get(guard.id) ?? [];
    const last = kept[kept.length - 1];
    if (!last || last[1] !== calls || last[2] !== fails) {
      if (last && state.at - last[0] > 2500) kept.push([state.at - 1000, last[1], last[2]]);
      kept.push([state.at, calls, fails]);
      while (kept.length > POINTS) kept.shift();
      points.set(guard.id, kept);
    }
    noteTimes(guard);
  }
  // Latencies, from histograms: that of now less that of a minute ago.
  const times = new Map();
  const MINUTE = 60000;
  const histogramOf = (guard) => guard.durations ?? guard.waits;
  function noteTimes(guard) {
    const histogram = histogramOf(guard);
    if (!histogram) return;
    const kept = times.get(guard.id) ?? [];
    if (!kept.length || state.at - kept.at(-1)[0] >= 5000) kept.push([state.at, histogram]);
    while (kept.length > 1 && kept[1][0] <= state.at - MINUTE) kept.shift();
    times.set(guard.id, kept);
  }
  function quantile(counts, share) {
    const rank = share * counts.at(-1);
    const bounds = state.sections.bounds;
    const at = counts.findIndex((value) => value >= rank);
    if (at >= bounds.length) return `over ${span(bounds.at(-1))}`;
    if (at === 0) return `under ${span(bounds[0])}`;
    const [lower, before] = [bounds[at - 1], counts[at - 1]];
    return span(lower + (bounds[at] - lower) * (rank - before) / (counts[at] - before));
  }
  const fine = (seconds) => (seconds < 0.001 ? `${(seconds * 1000).toFixed(2)} ms` : span(seconds));
  function latency(guard, label) {
    const now = histogramOf(guard);
    if (!now) return el('p', {}, `${label}: not timed`);
    const kept = times.get(guard.id) ?? [];
    const before = (kept.findLast((each) => each[0] <= state.at - MINUTE) ?? kept[0])?.[1];
    let counts = now.counts;
    let seconds = now.seconds;
    let when = 'since the start';
    if (before && counts.at(-1) > before.counts.at(-1)) {
      counts = counts.map((value, at) => value - before.counts[at]);
      seconds -= before.seconds;
      when = 'in the last minute';
    }
    const all = counts.at(-1);
    if (!all) return el('p', {}, `${label}: none yet`);
    const shares = [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]].map(([name, share]) => `${name} ${quantile(counts, share)}`);
    // Where all are in the shortest bucket, the greatest has it all.
    return el('p', { class: 'latency' }, `${label}: mean ${fine(seconds / all)}, ${(counts[0] >= 0.99 * all ? shares.slice(2) : shares).join(', ')} ${when}`);
  }
  // Whether the rate of a guard still changes without a call.
  function isMoving(id) {
    const kept = points.get(id);
    return kept?.length > 1 && state.at - kept[kept.length - 1][0] < 63000;
  }
  function valueAt(kept, at, index) {
    let value = kept[0][index];
    for (const point of kept) {
      if (point[0] > at) break;
      value = point[index];
    }
    return value;
  }
  function perSecond(guard) {
    const kept = points.get(guard.id);
    if (!kept || state.first === undefined || state.at - state.first < 900) return null;
    const seconds = Math.min(10, (state.at - state.first) / 1000);
    return (kept[kept.length - 1][1] - valueAt(kept, state.at - seconds * 1000, 1)) / seconds;
  }
  function spark(guard) {
    const kept = points.get(guard.id);
    if (!kept || kept.length < 3) return null;
    const steps = 30;
    const [calls, fails] = [[], []];
    let from = null;
    let next = 0;
    // One pass over the points, which are in the order of time.
    for (let at = -1; at < steps; at += 1) {
      const end = state.at - (steps - 1 - at) * 2000;
      while (next + 1 < kept.length && kept[next + 1][0] <= end) next += 1;
      if (from) {
        calls.push(Math.max(0, kept[next][1] - from[1]));
        fails.push(Math.max(0, kept[next][2] - from[2]));
      }
      from = kept[next];
    }
    const most = Math.max(1, ...calls);
    const line = (values) => values.map((v, at) => `${at ? 'L' : 'M'}${(at * 84 / (steps - 1)).toFixed(1)} ${(25 - v / most * 23).toFixed(1)}`).join('');
    return svg('svg', { class: 'spark', viewBox: '0 0 84 26', 'aria-hidden': 'true', preserveAspectRatio: 'none' },
      svg('path', { d: line(calls) }), ...(fails.some(Boolean) ? [svg('path', { class: 'fails', d: line(fails) })] : []));
  }

  // Tiles. Each is made once; what is inside is made when it comes near to the screen.
  const tiles = new Map();
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const tile = entry.target.tile;
      tile.isNear = entry.isIntersecting;
      if (tile.isNear) draw(tile);
    }
  }, { rootMargin: '200px' });
  function tileOf(guard) {
    let tile = tiles.get(guard.id);
    if (tile) return tile;
    const title = el('h3', { id: `n-${guard.id}` });
    const badgeAt = el('span');
    const body = el('div');
    const settings = el('dl', { class: 'pairs' });
    const more = el('details', {}, el('summary', {}, 'Settings in force'), settings);
    const node = el('article', { class: 'tile', 'aria-labelledby': `n-${guard.id}` }, el('div', { class: 'top' }, title, badgeAt), body);
    tile = { id: guard.id, node, title, badgeAt, body, more, settings, isNear: false, isMade: false };
    node.tile = tile;
    tiles.set(guard.id, tile);
    headOf(tile, guard);
    near.observe(node);
    return tile;
  }
  function headOf(tile, guard) {
    if (tile.name !== guard.name) {
      tile.name = guard.name;
      set(tile.title, plain(nameOf(guard)));
    }
    if (tile.situation === guard.now.join()) return false;
    const wasShown = tile.situation !== undefined;
    tile.situation = guard.now.join();
    tile.badgeAt.replaceChildren(badge(guard.now));
    tile.node.className = `tile ${guard.now[0]}${wasShown ? ' flash' : ''}`;
    return true;
  }
  function draw(tile) {
    const guard = lists.guards.get(tile.id);
    if (!guard) return;
    tile.body.replaceChildren(...inside(guard).filter(Boolean));
    if (!tile.isMade) {
      tile.isMade = true;
      if (guard.config) tile.node.append(tile.more);
    }
    fill(tile.settings, guard.config ?? null, () => settingsOf(guard));
  }
  const figure = (value, label, tone) => el('div', tone ? { class: tone } : {}, el('b', tone ? { class: 'tone' } : {}, value), el('i', {}, label));
  const count = (value, label, isHot) => el('span', isHot && value > 0 ? { class: 'hot' } : {}, el('b', {}, short(value)), ` ${label}`);
  function meter(share, label) {
    const width = Math.round(Math.min(1, Math.max(0, share)) * 100);
    return svg('svg', { class: 'meter', viewBox: '0 0 100 6', preserveAspectRatio: 'none', role: 'img', 'aria-label': label }, svg('rect', { width, height: 6 }));
  }
  function inside(guard) {
    const kind = el('p', { class: 'kind' }, `${KINDS[guard.kind] ?? plain(guard.kind)}${guard.config?.shared ? ', shared' : ''}`);
    const calls = figure(rate(perSecond(guard)), 'calls/s');
    switch (guard.kind) {
      case 'breaker': {
        const c = guard.counts;
        const window = guard.config.count_window ? `of ${guard.config.count_window} calls` : guard.config.time_window ? `in ${span(guard.config.time_window)}` : '';
        const failing = guard.failure_rate !== null && guard.config.failure_rate !== null && guard.failure_rate >= guard.config.failure_rate;
        const facts = el('div', { class: 'facts' });
        if (guard.opened_by) facts.append(el('p', { class: 'cause' }, 'Opened by: ', foreign(guard.opened_by)));
        else if (guard.last_failure_cause) facts.append(el('p', { class: 'cause' }, 'Last failure ', when(guard.last_failure_at), ': ', foreign(guard.last_failure_cause)));
        else if (guard.last_failure_at) facts.append(el('p', {}, 'Last failure ', when(guard.last_failure_at)));
        const isOpen = guard.state === 'open';
        facts.append(el('p', {}, `${stateOf(guard.state)[2]} `, when(guard.since, 'lasting'),
          isOpen && guard.until !== null ? [', next probe ', el('b', {}, when(guard.until, 'until'))] : isOpen && guard.probe_due ? ', the next call is a probe' : null,
          guard.state === 'half_open' && guard.until !== null ? [', until ', when(guard.until, 'until')] : null));
        if (guard.failed_recoveries > 0) facts.append(el('p', {}, `${number(guard.failed_recoveries)} failed ${guard.failed_recoveries === 1 ? 'recovery' : 'recoveries'}`));
        facts.append(latency(guard, 'Latency'));
        if (guard.last_slow) facts.append(el('p', {}, `Last slow call: ${span(guard.last_slow.seconds)}${guard.last_slow.pending ? ', still running' : ''}`));
        return [kind,
          el('div', { class: 'figures' }, calls,
            guard.failure_rate === null && !window ? figure(number(guard.consecutive_failures), 'failures in a row', guard.consecutive_failures ? 'bad' : '') : figure(percent(guard.failure_rate), `failed ${window}`.trim(), failing ? 'bad' : ''),
            guard.slow_rate === null ? null : figure(percent(guard.slow_rate), 'slow'), spark(guard)),
          el('div', { class: 'counts' }, count(c.success, 'ok'), count(c.failure, 'failed', true), count(c.rejected, 'rejected', true), c.slow ? count(c.slow, 'slow') : null, c.ignored ? count(c.ignored, 'ignored') : null, c.abandoned ? count(c.abandoned, 'abandoned', true) : null),
          facts];
      }
      case 'bulkhead':
        return [kind, el('div', { class: 'figures' }, calls, figure(`${number(guard.in_flight)} / ${number(guard.limit)}`, guard.config.adaptive ? 'running, limit adapts' : 'running'), figure(number(guard.queued), 'waiting', guard.queued ? 'warn' : ''), spark(guard)),
          meter(guard.limit ? guard.in_flight / guard.limit : 1, `${guard.in_flight} of ${guard.limit} slots taken`),
          el('div', { class: 'counts' }, count(guard.admitted, 'admitted'), count(guard.rejections.full, 'full', true), count(guard.rejections.queue_full, 'queue full', true), count(guard.rejections.timed_out, 'timed out', true)),
          el('div', { class: 'facts' }, guard.waits ? latency(guard, 'Waits') : null, el('p', {}, `Longest wait ${span(guard.longest_wait)}`))];
      case 'rate_limiter':
        return [kind, el('div', { class: 'figures' }, calls, figure(number(guard.available), `of ${number(guard.config.burst)} permits`), guard.next_permit > 0 ? figure(span(guard.next_permit), 'to the next') : null, spark(guard)),
          meter(guard.config.burst ? guard.available / guard.config.burst : 0, `${guard.available} of ${guard.config.burst} permits left`),
          el('div', { class: 'counts' }, count(guard.admitted, 'admitted'), count(guard.waited, 'after a wait'), count(guard.rejected, 'rejected', true), guard.waiting ? count(guard.waiting, 'waiting') : null),
          guard.waits ? el('div', { class: 'facts' }, latency(guard, 'Waits')) : null];
      case 'retry_budget':
        return [kind, el('div', { class: 'figures' }, figure(number(guard.available), `of ${number(guard.config.burst)} retries`)),
          meter(guard.config.burst ? guard.available / guard.config.burst : 0, `${guard.available} of ${guard.config.burst} retries left`)];
      default:
        return [kind, el('div', { class: 'figures' }, figure(short(guard.successful_with_retry), 'ok after retry', 'good'), figure(short(guard.failed_with_retry), 'failed after retry', guard.failed_with_retry ? 'bad' : ''), figure(short(guard.failed_without_retry), 'failed at once'), spark(guard)),
          el('div', { class: 'facts' }, latency(guard, 'Latency of calls'), el('p', {}, `${number(guard.attempts)} attempts, last `, when(guard.last_seen)))];
    }
  }
  const IN_SECONDS = new Set(['recovery_timeout', 'max_recovery_timeout', 'half_open_timeout', 'time_window', 'slow_call', 'abandoned_after', 'max_wait']);
  const SHARES = new Set(['failure_rate', 'slow_rate', 'recovery_jitter', 'ratio']);
  function settingsOf(guard) {
    return Object.entries(guard.config ?? {}).filter(([, value]) => value !== null).flatMap(([key, value]) => {
      const text = IN_SECONDS.has(key) ? span(value) : SHARES.has(key) ? percent(value) : value === true ? 'yes' : value === false ? 'no' : typeof value === 'number' ? number(value) : plain(value);
      return [el('dt', {}, key.replaceAll('_', ' ')), el('dd', {}, text)];
    });
  }

  // Which tiles are shown, in which order. A tile with the focus stays where it is.
  const filter = { text: '', kind: '', order: 'urgency', urgent: false };
  const ORDERS = {
    urgency: (a, b) => a.urgency - b.urgency || byName(a, b),
    name: (a, b) => byName(a, b),
    calls: (a, b) => totals(b)[0] - totals(a)[0] || byName(a, b),
  };
  // The first tiles at once, the others when the page has nothing else to do.
  const STEP = 60;
  let most = STEP;
  const whenIdle = window.requestIdleCallback?.bind(window) ?? setTimeout;
  function addMore() {
    most += 4 * STEP;
    arrange();
  }
  const byName = (a, b) => { const [x, y] = [nameOf(a), nameOf(b)]; return x < y ? -1 : x > y ? 1 : a.kind < b.kind ? -1 : 1; };
  function arrange() {
    const text = filter.text.toLowerCase();
    const shown = [...lists.guards.values()].filter((guard) =>
      (!filter.kind || guard.kind === filter.kind) && (!filter.urgent || isUrgent(guard)) && (!text || nameOf(guard).toLowerCase().includes(text)));
    shown.sort(ORDERS[filter.order]);
    const place = $('tiles');
    const active = document.activeElement?.closest?.('.tile');
    let next = place.firstElementChild;
    const made = shown.slice(0, most);
    if (made.length < shown.length) whenIdle(addMore);
    for (const guard of made) {
      const { node } = tileOf(guard);
      if (node === next) next = next.nextElementSibling;
      else if (node === active && node.parentNode === place) continue;
      else place.insertBefore(node, next);
    }
    const wanted = new Set(made.map((guard) => tiles.get(guard.id).node));
    for (const node of [...place.children]) if (!wanted.has(node)) node.remove();
    const all = lists.guards.size;
    set($('guards-count'), shown.length === all ? `${number(all)} guards` : `${number(shown.length)} of ${number(all)} guards`);
    $('no-tiles').hidden = shown.length > 0;
    set($('no-tiles'), all === 0 ? 'No guard has a name in this process yet. Guards appear with their first call.' : 'No guard matches the filter.');
  }

  // Summary.
  function card(href, label, value, tone, sign, more) {
    return el('a', { href, class: tone }, el('div', { class: 'label' }, label), el('div', { class: 'value' }, sign ? el('span', { class: 'tone', 'aria-hidden': 'true' }, sign) : null, value), el('div', { class: 'more' }, more));
  }
  function summarise() {
    const by = { open: 0, half_open: 0, closed: 0, forced_open: 0, disabled: 0 };
    let full = 0;
    for (const guard of lists.guards.values()) {
      if (guard.kind === 'breaker') by[guard.state.replace('-', '_')] += 1;
      else if (guard.kind === 'bulkhead' && isUrgent(guard)) full += 1;
    }
    const open = by.open + by.forced_open;
    const breakers = open + by.half_open + by.closed + by.disabled;
    const errors = state.sections.errors ?? { total: 0, rates: {} };
    const alerts = state.sections.alerts ?? [];
    const sum = (key) => alerts.reduce((total, each) => total + each[key], 0);
    const lost = sum('lost') + sum('kept');
    const health = state.sections.health ?? { status: 'unknown' };
    const [tone, sign, word] = stateOf(health.status);
    const failing = [...lists.checks.values()].filter((check) => check.status !== 'pass').length;
    const never = neverCalled().length;
    const openTone = open ? 'bad' : by.half_open ? 'warn' : 'good';
    const values = [open, by.half_open, breakers, full, errors.rates.last_minute, errors.total, lost, sum('sent'), sum('suppressed') + sum('inhibited'), health.status, health.phase, failing, lists.checks.size, never, lists.functions.size];
    fill($('summary'), values.join(), () => [
      card('#guards', 'Open circuits', `${number(open)}`, openTone, open ? '▲' : by.half_open ? '◐' : '●', `of ${number(breakers)}${by.half_open ? `, ${number(by.half_open)} half-open` : ''}${full ? `, ${number(full)} full bulkheads` : ''}`),
      card('#errors', 'Errors in the last minute', number(errors.rates.last_minute), errors.rates.last_minute ? 'warn' : 'good', null, `${number(errors.total)} since the start`),
      card('#notifications', 'Notifications', number(sum('sent')), lost ? 'bad' : 'calm', lost ? '▲' : null, alerts.length ? `${number(sum('suppressed') + sum('inhibited'))} held back${lost ? `, ${number(lost)} not delivered` : ''}` : 'no alerting is up'),
      card('#health', 'Health', word, tone, sign, `${number(failing)} of ${number(lists.checks.size)} checks not passing${health.phase && health.phase !== 'started' ? `, ${plain(health.phase)}` : ''}`),
      card('#functions', 'Never called', number(never), 'off', null, `of ${number(lists.functions.size)} guarded functions`),
    ]);
  }

  // Timeline: a lane for each breaker and check whose state changed, the height showing the state too.
  const LANES = 40;
  const LOG = 100;
  function bar(from, to, [tone,, word, height]) {
    const tall = [0, 4, 9, 14][height];
    const rect = svg('rect', { class: tone, x: from.toFixed(2), width: Math.max(0.6, to - from).toFixed(2), y: 14 - tall, height: tall });
    rect.append(svg('title', {}, word));
    return rect;
  }
  function timeline() {
    const end = now();
    const first = state.timeline[0]?.at ?? end;
    // Everything: with some space before the first change.
    const seconds = Number($('span').value) || Math.max(5, (end - first) / 950);
    const begin = end - seconds * 1000;
    const lanes = new Map();
    for (const change of state.timeline) {
      const key = `${change.of}/${change.id ?? change.name}`;
      (lanes.get(key) ?? lanes.set(key, []).get(key)).push(change);
    }
    const recent = [...lanes.values()].filter((changes) => changes.at(-1).at >= begin);
    recent.sort((a, b) => b.at(-1).at - a.at(-1).at);
    const x = (at) => Math.max(0, (at - begin) / (seconds * 10));
    set($('timeline-count'), recent.length ? `${number(recent.length)} with changes${recent.length > LANES ? `, the last ${LANES} shown` : ''}` : '');
    const key = `${seconds}/${Math.floor(end / Math.max(1000, seconds * 2))}/${state.timeline.at(-1)?.number ?? 0}`;
    fill($('strips'), key, () => {
      if (!recent.length) return el('p', { class: 'empty' }, 'No state has changed in this time.');
      const rows = recent.slice(0, LANES).map((changes) => {
        const bars = [];
        let from = 0;
        let current = changes[0].from ?? 'unknown';
        for (const change of changes) {
          const to = x(change.at);
          if (to > from && current !== 'unknown') bars.push(bar(from, to, stateOf(current)));
          [from, current] = [to, change.to];
        }
        bars.push(bar(from, 100, stateOf(current)));
        const last = changes.at(-1);
        return el('div', { class: 'lane' }, el('span', { title: plain(last.name) }, foreign(last.name), last.of === 'check' ? el('span', { class: 'soft' }, ' check') : null),
          svg('svg', { class: 'strip', viewBox: '0 0 100 14', preserveAspectRatio: 'none', role: 'img', 'aria-label': `${changes.length} changes, now ${stateOf(current)[2]}` }, ...bars), el('span', {}, badge(stateOf(current))));
      });
      const legend = ['closed', 'half_open', 'open', 'disabled'].map((name) => el('span', {}, badge(STATES[name])));
      return [...rows, el('div', { class: 'lane axis' }, el('span'), el('div', {}, el('span', {}, clock(begin)), el('span', {}, clock(end))), el('span')), el('div', { class: 'legend' }, ...legend, 'the taller, the worse')];
    });
    fill($('changes'), String(state.timeline.at(-1)?.number ?? 0), () => state.timeline.slice(-LOG).reverse().map((change) =>
      el('li', {}, when(change.at), foreign(change.name, { class: 'strong' }), el('span', {}, change.from ? [badge(stateOf(change.from)), ' → '] : null, badge(stateOf(change.to))),
        change.reason ? el('span', { class: 'soft' }, plain(change.reason.replaceAll('_', ' '))) : null, change.cause ? el('span', { class: 'cause' }, foreign(change.cause)) : null)));
  }

  // Errors: a row for each group, opened to its last records with their causes.
  const GROUPS = 50;
  const groupNodes = new Map();
  let groupsShown = GROUPS;
  function groups() {
    const errors = state.sections.errors;
    if (errors) set($('errors-count'), `${number(errors.total)} since ${clock(errors.since)}, ${number(errors.rates.last_hour)} in the last hour, ${number(errors.levels.critical)} critical`);
    const all = [...lists.groups.values()].sort((a, b) => b.last_seen - a.last_seen);
    const shown = all.slice(0, groupsShown).map(groupOf);
    const rest = all.length - shown.length;
    const extra = rest > 0 ? [moreButton] : [];
    set(moreButton, `Show ${number(rest)} more`);
    if (!all.length) extra.push(noErrors);
    arrangeNodes($('groups'), [...shown, ...extra]);
    for (const [id, node] of groupNodes) if (!lists.groups.has(id)) { node.remove(); groupNodes.delete(id); }
  }
  const noErrors = el('p', { class: 'empty' }, 'No error was reported.');
  const moreButton = el('button', { type: 'button', class: 'more' });
  moreButton.addEventListener('click', () => { groupsShown += 200; groups(); });
  function arrangeNodes(place, wanted) {
    const active = document.activeElement;
    let next = place.firstElementChild;
    for (const node of wanted) {
      if (node === next) next = next.nextElementSibling;
      else if (node.parentNode === place && node.contains(active)) continue;
      else place.insertBefore(node, next);
    }
    const keep = new Set(wanted);
    for (const node of [...place.children]) if (!keep.has(node)) node.remove();
  }
  function groupOf(group) {
    let node = groupNodes.get(group.id);
    if (!node) {
      node = el('details', { class: 'group' }, el('summary'), el('div', { class: 'inside' }));
      node.addEventListener('toggle', () => { if (node.open) records(node); });
      groupNodes.set(group.id, node);
    }
    const [summary, inside] = node.children;
    fill(summary, JSON.stringify(group), () => [badge(levelOf(group.level)),
      el('span', { class: 'text' }, el('b', {}, foreign(group.code || 'no code')), ' in ', foreign(group.operation), el('span', { class: 'message' }, foreign(group.message ?? ''))),
      el('b', {}, `${short(group.count)}×`), el('span', { class: 'when' }, when(group.last_seen))]);
    node.group = group;
    if (node.open && inside.last !== group.last_id) records(node);
    return node;
  }
  async function records(node) {
    const { group } = node;
    const inside = node.lastElementChild;
    if (inside.last === group.last_id) return;
    inside.last = group.last_id;
    const found = file ? { records: state.records?.[group.id] ?? [], source: 'file' } : await ask(`records?fingerprint=${encodeURIComponent(group.id)}&limit=10`);
    const head = el('p', { class: 'soft' }, 'First seen ', when(group.first_seen), ', component ', foreign(group.component), `, group ${plain(group.id)}`);
    if (!found) {
      inside.last = undefined;
      inside.replaceChildren(head, el('p', { class: 'soft' }, 'The records cannot be read now.'));
      return;
    }
    const list = found.records.map(recordOf);
    if (!list.length) list.push(el('p', { class: 'soft' }, group.message ? [foreign(group.message), chainOf(group.chain)] : group.code === 'CIRCUIT_OPEN_ERROR' ? 'Rejections by an open circuit are counted. Their record is that of the opening.' : 'None of its records is in memory.'));
    inside.replaceChildren(head, ...list);
  }
  const chainOf = (chain) => (chain?.length ? el('ol', { 'aria-label': 'Causes' }, ...chain.map((cause) => el('li', {}, foreign(cause)))) : null);
  function recordOf(record) {
    const pairs = [['Id', record.id], ['Code', record.code && `${record.code} (${record.number})`], ['Type', record.type], ['At', record.location], ['Took', record.elapsed === null ? null : span(record.elapsed)],
      ['Attempt', record.attempt ? `${record.attempt[0]} of ${record.attempt[1]}` : null], ['Span', record.span], ['Trace', record.trace_id],
      ...Object.entries(record.details ?? {}), ...Object.entries(record.fields ?? {})];
    const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
    return el('div', { class: `record ${levelOf(record.level)[0]}` }, el('p', {}, badge(levelOf(record.level)), ' ', when(record.at), ' ', foreign(record.message)), chainOf(record.chain),
      el('dl', { class: 'line' }, ...shown.map(([key, value]) => el('div', {}, el('dt', {}, plain(key)), ' ', el('dd', {}, foreign(typeof value === 'object' ? JSON.stringify(value) : value))))));
  }

  // Notifications.
  function notifications() {
    const alerts = state.sections.alerts ?? [];
    const sum = (key) => alerts.reduce((total, each) => total + each[key], 0);
    set($('notifications-count'), alerts.length ? `${number(sum('sent'))} sent, ${number(sum('suppressed'))} held back by the throttle, ${number(sum('inhibited'))} not counted behind open circuits, ${number(sum('kept'))} kept for later, ${number(sum('lost'))} lost${alerts.some((each) => each.muted) ? ', muted now' : ''}` : 'Alerting is not up in this process.');
    fill($('channels'), JSON.stringify(alerts), () => el('div', { class: 'cards' }, ...alerts.flatMap((each) => each.channels).map((channel) => {
      const lost = Object.entries(channel.lost).filter(([, value]) => value > 0).map(([key, value]) => `${number(value)} ${key.replaceAll('_', ' ')}`).join(', ');
      const condition = channel.hanging ? ['bad', '▲', 'Hangs'] : channel.healthy ? ['good', '●', 'Works'] : ['bad', '▲', 'Fails'];
      return el('article', { class: 'card', 'aria-label': plain(channel.name) }, el('h3', {}, foreign(channel.name), badge(condition)),
        el('div', { class: 'counts' }, count(channel.sent, 'sent'), count(channel.waiting, 'waiting'), count(channel.kept, 'kept', true), count(Object.values(channel.lost).reduce((a, b) => a + b, 0), 'lost', true)),
        channel.circuit !== 'closed' ? el('p', { class: 'soft' }, 'Circuit ', badge(stateOf(channel.circuit))) : null,
        channel.last_error ? el('p', { class: 'soft' }, channel.failing_since ? ['Failing ', when(channel.failing_since, 'lasting'), ': '] : 'Last error: ', foreign(channel.last_error)) : null,
        lost ? el('p', { class: 'soft' }, `Lost: ${lost}`) : null);
    })));
    fill($('sent'), String(state.notifications.at(-1)?.number ?? 0), () => state.notifications.slice(-LOG).reverse().map((each) =>
      el('li', {}, when(each.at), badge(levelOf(each.level)), foreign(each.title), el('span', { class: 'soft' }, `${plain(each.kind)} to `, foreign(each.channel), ', rule ', foreign(each.rule)),
        each.outcome !== 'delivered' ? badge(['bad', '▲', each.outcome === 'kept' ? 'Kept for later' : 'Lost']) : null,
        each.suppressed > 0 ? el('span', { class: 'badge off' }, `${number(each.suppressed)} held back before it`) : null)));
  }

  // Health.
  const checkNodes = new Map();
  function checks() {
    const health = state.sections.health;
    const stale = state.sections.stale_since;
    if (stale) set($('health-count'), `The program has not answered since ${clock(stale)}: its journal and its checks are as of then`);
    else if (health) set($('health-count'), `${stateOf(health.status)[2]}, ${plain(health.phase)}${health.in_background ? '' : ', checks run when they are asked for'}`);
    const rank = { fail: 0, warn: 1, pass: 2 };
    const all = [...lists.checks.values()].sort((a, b) => (rank[a.status] ?? 3) - (rank[b.status] ?? 3) || byName(a, b));
    arrangeNodes($('checks'), all.length ? all.map(checkOf) : [noChecks]);
    for (const [id, node] of checkNodes) if (!lists.checks.has(id)) { node.remove(); checkNodes.delete(id); }
  }
  const noChecks = el('p', { class: 'empty' }, 'No check is registered.');
  function checkOf(check) {
    let node = checkNodes.get(check.id);
    if (!node) {
      node = el('details', { class: 'check' }, el('summary'), el('div', { class: 'inside' }));
      checkNodes.set(check.id, node);
    }
    const key = JSON.stringify(check);
    fill(node.firstElementChild, key, () => {
      const passed = check.history.filter((each) => each.status === 'pass').length;
      const bars = svg('svg', { class: 'bars', viewBox: '0 0 180 16', role: 'img', 'aria-label': check.history.length ? `${passed} of the last ${check.history.length} results passed` : 'no results yet' },
        ...check.history.map((each, at) => {
          const [tone,,, height] = stateOf(each.status);
          const rect = svg('rect', { class: tone, x: 180 - (check.history.length - at) * 3, y: 16 - height * 5, width: 2, height: height * 5 });
          rect.append(svg('title', {}, `${each.status} at ${clock(each.at)}, ${span(each.seconds)}`));
          return rect;
        }));
      return [badge(stateOf(check.status)), el('b', {}, foreign(check.name)), el('span', { class: 'soft output' }, check.output ? foreign(check.output) : check.category && check.category !== 'reported' ? plain(check.category) : ''), bars, el('span', { class: 'when' }, check.last_check ? when(check.last_check) : '')];
    });
    fill(node.lastElementChild, key, () => {
      const pairs = [['Counts as', check.criticality], ['Probes', check.kinds.join(', ')], ['Took', check.seconds === null ? null : span(check.seconds)], ['Last success', when(check.last_success)], ['Last failure', when(check.last_failure)],
        ['Failures in a row', check.consecutive_failures || null], ['Hanging for', check.hanging === null ? null : span(check.hanging)], ['Results', `${number(check.counts.results)}, of them ${number(check.counts.failures)} failures, ${number(check.counts.timeouts)} timeouts, ${number(check.counts.panics)} panics`]];
      const changes = check.changes.map((change) => el('li', {}, when(change.at), ' ', change.from ? [badge(stateOf(change.from)), ' → '] : null, badge(stateOf(change.to))));
      return [el('dl', { class: 'pairs' }, ...pairs.filter(([, value]) => value).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, typeof value === 'string' ? plain(value) : value)])),
        changes.length ? el('h3', {}, 'Changes') : null, changes.length ? el('ol', {}, ...changes) : null];
    });
    return node;
  }

  // The fleet, where there is one.
  function fleet() {
    const { fleet } = state.sections;
    $('fleet').hidden = $('to-fleet').hidden = !fleet;
    if (!fleet) return;
    const count = (n, what) => `${number(n)} ${what}${n === 1 ? '' : 's'}`;
    set($('fleet-count'), `${plain(fleet.name)}, shared: ${count(fleet.breakers, 'circuit breaker')}, ${count(fleet.limiters, 'rate limiter')}`);
    fill($('store'), JSON.stringify(fleet), () => {
      const isLost = fleet.lost_since !== null;
      const pairs = [['Instance', foreign(fleet.instance)], ['Updates of others', `${number(fleet.updates)}${fleet.is_listening ? '' : ', polled now'}`],
        ['Operations', number(fleet.operations)], ['Failed operations', number(fleet.failures)], ['Leases of probes', number(fleet.leases)]];
      return el('div', { class: `tile ${isLost ? 'bad' : 'good'}` },
        el('p', {}, badge(isLost ? ['bad', '▲', 'Store lost'] : ['good', '●', 'Store answers']), ' ', isLost && when(fleet.lost_since, 'lasting')),
        fleet.last_error && el('p', { class: 'soft' }, 'Last error: ', foreign(fleet.last_error)),
        el('dl', { class: 'pairs' }, ...pairs.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])));
    });
  }

  // Functions.
  const FUNCTIONS = 100;
  const neverCalled = () => [...lists.functions.values()].filter((each) => each.called === false);
  function functions() {
    const all = [...lists.functions.values()];
    const never = neverCalled();
    set($('functions-count'), all.length ? `${number(never.length)} of ${number(all.length)} never called` : 'No function of this program has an attribute.');
    const row = (each) => el('div', { class: 'function' }, badge(each.called === null ? ['off', '○', 'Not known'] : each.called ? ['good', '●', 'Called'] : ['off', '○', 'Never']), el('b', {}, foreign(each.name)),
      el('code', {}, foreign(`#[${each.attribute}${each.arguments ? `(${each.arguments})` : ''}]`)), el('code', { class: 'place' }, foreign(`${each.file}:${each.line}`)));
    fill($('never'), all.map((each) => each.called).join(), () => {
      const list = (some) => [...some.slice(0, FUNCTIONS).map(row), some.length > FUNCTIONS ? el('p', { class: 'soft' }, `and ${number(some.length - FUNCTIONS)} more`) : null];
      const others = all.filter((each) => each.called !== false);
      return [...list(never), others.length ? el('details', {}, el('summary', {}, `${number(others.length)} others`), ...list(others)) : null];
    });
  }

  // Taking updates: everything at first, then what changed.
  function announce(openings) {
    if (!openings.length) return;
    const first = plain(openings[0].name);
    set($('news'), openings.length === 1 ? `Circuit ${first} opened${openings[0].cause ? `: ${plain(openings[0].cause)}` : ''}` : `${openings.length} circuits opened, ${first} among them`);
  }
  function take(update, begin = performance.now()) {
    const isFirst = !state.whole;
    const dirty = new Set();
    state.at = update.taken_at;
    state.id = update.id;
    state.offset = file ? 0 : state.at - Date.now();
    state.first ??= state.at;
    if (update.whole) {
      for (const list of Object.values(lists)) list.clear();
      state.timeline = [];
      state.notifications = [];
      state.whole = true;
      state.records = update.records;
    }
    for (const [name, list] of Object.entries(lists)) {
      for (const id of update.removed?.[name] ?? []) list.delete(id);
      for (const entry of update[name] ?? []) {
        // Of one that is known, what differs.
        const known = list.get(entry.id);
        const whole = known ? Object.assign(known, entry) : entry;
        list.set(entry.id, whole);
        if (name === 'guards') { dirty.add(entry.id); note(whole); rank(whole); }
      }
    }
    for (const name of ['errors', 'journal', 'alerts', 'health', 'fleet', 'bounds', 'stale_since']) if (name in update) state.sections[name] = update[name];
    const news = update.timeline ?? [];
    state.timeline.push(...news);
    state.notifications.push(...(update.notifications ?? []));
    state.timeline.splice(0, state.timeline.length - 2000);
    state.notifications.splice(0, state.notifications.length - 500);

    const has = (name) => update.whole || name in update || (update.removed && name in update.removed);
    if (has('guards')) {
      let isMoved = Boolean(update.whole) || filter.order === 'calls';
      for (const id of tiles.keys()) {
        if (lists.guards.has(id)) continue;
        isMoved = true;
        near.unobserve(tiles.get(id).node);
        tiles.get(id).node.remove();
        tiles.delete(id);
        points.delete(id);
        times.delete(id);
      }
      for (const id of dirty) {
        const tile = tiles.get(id);
        if (!tile || headOf(tile, lists.guards.get(id))) isMoved = true;
      }
      if (isMoved) arrange();
    }
    for (const tile of tiles.values()) if (tile.isNear && (dirty.has(tile.id) || isMoving(tile.id))) draw(tile);
    timeline();
    if (has('groups') || has('errors')) groups();
    if (has('alerts') || has('notifications')) notifications();
    if (has('checks') || has('health') || has('stale_since')) checks();
    if (has('fleet')) fleet();
    if (has('functions')) functions();
    summarise();
    foot();
    if (!isFirst && !update.whole) announce(news.filter((change) => change.of === 'breaker' && ['open', 'forced_open'].includes(change.to)));
    performance.clearMeasures(isFirst ? 'first' : 'update');
    performance.measure(isFirst ? 'first' : 'update', { start: isFirst ? 0 : begin, end: performance.now() });
  }
  function foot() {
    const { journal } = state.sections;
    const kept = journal ? `Journal: ${number(journal.written)} written, ${number(journal.waiting)} waiting, ${number(journal.lost)} lost${journal.healthy ? '' : `, failing: ${plain(journal.last_error ?? '')}`}.` : 'No journal is kept.';
    set($('foot'), `${kept} This page only reads. It has the last changes of states, also from before the dashboard was made, and notifications since then.`);
  }

  // The connection: server-sent events, or a snapshot every few seconds where there is no place.
  const base = `${location.pathname.replace(/\/+$/, '')}/api/v1/`;
  const POLL = 5000;
  const connection = (text, light) => { set($('connection'), text); $('light').className = light ?? ''; };
  async function ask(what) {
    try {
      const response = await fetch(base + what, { credentials: 'same-origin', cache: 'no-store' });
      if (response.status === 403) connection('Refused', 'lost');
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }
  let lastEvent = 0;
  function listen() {
    const events = new EventSource(`${base}events${state.id === null ? '' : `?after=${state.id}`}`);
    events.onmessage = (event) => {
      lastEvent = performance.now();
      take(JSON.parse(event.data), lastEvent);
      connection(`Live, ${clock(state.at)}`, 'live');
    };
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) { events.close(); poll(6); }
      else connection('Connecting again', 'lost');
    };
  }
  async function poll(times) {
    const update = await ask('snapshot');
    if (update) { take(update); connection(`Every ${POLL / 1000} s, ${clock(state.at)}: no free place for a live view`, 'live'); }
    else if ($('connection').textContent !== 'Refused') connection('Not connected', 'lost');
    setTimeout(() => (times > 0 ? poll(times - 1) : listen()), POLL);
  }

  // On paper there is all of it.
  addEventListener('beforeprint', () => {
    most = Infinity;
    arrange();
    for (const tile of tiles.values()) draw(tile);
  });

  // Tools and keys.
  function tool(id, event, change) { $(id).addEventListener(event, () => { change($(id)); arrange(); }); }
  tool('search', 'input', (input) => { filter.text = input.value.trim(); });
  tool('kind', 'change', (select) => { filter.kind = select.value; });
  tool('order', 'change', (select) => { filter.order = select.value; });
  tool('urgent', 'click', (button) => {
    filter.urgent = !filter.urgent;
    button.setAttribute('aria-pressed', String(filter.urgent));
  });
  $('span').addEventListener('change', timeline);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const search = $('search');
    if (event.key === '/' && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '')) {
      event.preventDefault();
      search.focus();
    } else if (event.key === 'Escape' && document.activeElement === search) {
      search.value = '';
      search.dispatchEvent(new Event('input'));
    }
  });

  if (file) {
    $('span').value = 'all';
    take(file);
    connection(`Report of ${full(state.at)}`);
  } else {
    if (given.live) take(given.live);
    listen();
    setInterval(() => {
      passTime();
      if (lastEvent && performance.now() - lastEvent > 70000) connection('No news for a minute', 'lost');
    }, 1000);
  }
})();
