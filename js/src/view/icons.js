/**
 * Line icons on a 24 × 24 grid: one path each, drawn in the colour of the text.
 *
 * @typedef {keyof typeof PATHS} IconName
 */
const PATHS = {
  call: "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  devices: "M4 7h9M19 7h1M13 4.500v5M16 4.500v5M13 4.500h3v5h-3zM4 17h1M11 17h9M5 14.500h3v5H5zM8 14.500h3v5H8z",
  ended: "M4 14.5v-2.2c4.6-4.4 11.4-4.4 16 0v2.2a1 1 0 0 1-1.2 1l-3-.7a1 1 0 0 1-.8-1v-2a10 10 0 0 0-6 0v2a1 1 0 0 1-.8 1l-3 .7a1 1 0 0 1-1.2-1z",
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7",
  microphoneOff: "M4 4l16 16M9 9v2a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.8-1M5.5 11a6.5 6.5 0 0 0 10.7 5M18.5 11a6.5 6.5 0 0 1-.6 2.7M12 17.5V21M8.5 21h7",
  pause: "M9 5.5v13M15 5.5v13",
  play: "M8 5.5v13l10.5-6.5z",
  reconnect: "M20 11a8 8 0 0 0-14.3-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14.3 4L20 15M20 20v-5h-5",
  speaker: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.500zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11",
  stop: "M7 7h10v10H7z",
  thinking: "M5.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M17.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  tool: "M14.5 6.500a4 4 0 0 0-5.3 5L4 16.7 7.3 20l5.2-5.200a4 4 0 0 0 5-5.300L15 12l-3-3z",
  wait: "M12 7v5l3.2 2M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z",
  warning: "M12 4.5 21 20H3zM12 10v4.500M12 17.200h.01",
  waves: "M4 10v4M8 7v10M12 4v16M16 7v10M20 10v4",
};

const NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * @param {IconName} name
 * @returns {SVGSVGElement} hidden from screen readers: the words stand beside it
 */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("class", "micdrop-icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(NAMESPACE, "path"));
  setIcon(svg, name);
  return svg;
}

/**
 * @param {SVGSVGElement} svg made by `icon`
 * @param {IconName} name
 */
export function setIcon(svg, name) {
  if (svg.dataset.icon === name) return;
  svg.dataset.icon = name;
  svg.firstElementChild?.setAttribute("d", PATHS[name]);
}
