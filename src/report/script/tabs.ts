// The page's script for tabs: panels that stand one under another become one at a time.

/** JavaScript for a browser. Follows the pattern of the ARIA Authoring Practices: arrows, Home and End move between tabs. */
export const TABS_SCRIPT = `
for (const group of document.querySelectorAll('[data-tabs]')) {
  const panels = [...group.querySelectorAll('.panel')];
  if (panels.length < 2) continue;
  const list = document.createElement('div');
  list.setAttribute('role', 'tablist');
  const tabs = panels.map((panel) => {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.id = panel.id + '-tab';
    tab.textContent = panel.querySelector('h3').textContent;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', panel.id);
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    panel.querySelector('h3').hidden = true;
    list.append(tab);
    return tab;
  });
  const select = (index) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute('aria-selected', i === index);
      tab.tabIndex = i === index ? 0 : -1;
      panels[i].hidden = i !== index;
    });
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener('click', () => select(i));
    tab.addEventListener('keydown', ({ key }) => {
      const last = tabs.length - 1;
      const to = { ArrowRight: i === last ? 0 : i + 1, ArrowLeft: i === 0 ? last : i - 1, Home: 0, End: last }[key];
      if (to === undefined) return;
      select(to);
      tabs[to].focus();
    });
  });
  group.prepend(list);
  select(0);
}
`;
