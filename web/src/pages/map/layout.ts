// Where things stand on the map: the hub as a shaft in the middle, systems on both sides, a belt to each.
export const TILE = { width: 336, height: 164, gap: 16 };
export const HUB = { width: 232 };
const EDGE = 8;

export interface Place {
  x: number;
  y: number;
  side: 'left' | 'right';
  /** From the hub to the tile. */
  belt: string;
  /** The same, from the tile to the hub. */
  back: string;
  middle: { x: number; y: number };
}

export interface Plan {
  width: number;
  height: number;
  hub: { x: number; y: number; width: number; height: number };
  places: Place[];
}

export function planOf(count: number, width: number): Plan {
  const left = Math.ceil(count / 2);
  const rows = Math.max(left, 1);
  const step = TILE.height + TILE.gap;
  const height = Math.max(rows * step - TILE.gap, 384) + 2 * EDGE;
  const hub = { x: width / 2 - HUB.width / 2, y: EDGE, width: HUB.width, height: height - 2 * EDGE };
  const places = Array.from({ length: count }, (_, index) => {
    const side = index < left ? ('left' as const) : ('right' as const);
    const own = side === 'left' ? left : count - left;
    const row = side === 'left' ? index : index - left;
    const top = (height - (own * step - TILE.gap)) / 2;
    const y = top + row * step;
    const x = side === 'left' ? EDGE : width - TILE.width - EDGE;
    const from = { x: side === 'left' ? hub.x : hub.x + hub.width, y: y + TILE.height / 2 };
    const to = { x: side === 'left' ? x + TILE.width : x, y: y + TILE.height / 2 };
    return {
      x,
      y,
      side,
      belt: `M ${from.x} ${from.y} L ${to.x} ${to.y}`,
      back: `M ${to.x} ${to.y} L ${from.x} ${from.y}`,
      middle: { x: (from.x + to.x) / 2, y: from.y },
    };
  });
  return { width, height, hub, places };
}
