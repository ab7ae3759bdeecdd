/**
 * Source of a browser script that paints people at their desks, for cameras that look like a meeting: defines `paintedPerson(index)` and
 * `paintedSlides()`, which return video tracks.
 */
export const PAINTED_PEOPLE = `
  const SKINS = ['#f2cfb3', '#8d5a3b', '#e0ac86', '#5d3a26', '#f6dcc8', '#c68b5f'];
  const HAIRS = ['#2a1d16', '#0f0d0c', '#7a4a22', '#c9a15c', '#4a4a4d', '#8c2f1b'];
  const SHIRTS = ['#31577f', '#7a3b52', '#2f6f5b', '#b0713a', '#4f4a86', '#5c6670', '#a4433f'];
  const WALLS = [['#dfe7ea', '#b7c4ca'], ['#efe3d2', '#cdb795'], ['#cfdccf', '#9fb5a0'], ['#e6dce8', '#bba9c2'], ['#39434d', '#222a32']];

  function track(width, height, paint, fps) {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    let frame = 0;
    const draw = () => paint(context, (frame += 1) / fps);
    draw();
    setInterval(draw, 1000 / fps);
    return canvas.captureStream(fps).getVideoTracks()[0];
  }

  function ellipse(context, x, y, width, height, color, from = 0, to = Math.PI * 2) {
    context.fillStyle = color;
    context.beginPath();
    context.ellipse(x, y, width, height, 0, from, to);
    context.fill();
  }

  function room(context, index) {
    const [light, dark] = WALLS[index % WALLS.length];
    const wall = context.createLinearGradient(0, 0, 640, 360);
    wall.addColorStop(0, light);
    wall.addColorStop(1, dark);
    context.fillStyle = wall;
    context.fillRect(0, 0, 640, 360);
    if (index % 3 === 0) {
      // A window.
      context.fillStyle = '#f7fbff';
      context.fillRect(40, 30, 130, 170);
      context.fillStyle = '#bcd9ee';
      context.fillRect(50, 40, 50, 70);
      context.fillRect(110, 40, 50, 70);
      context.fillRect(50, 120, 50, 70);
      context.fillRect(110, 120, 50, 70);
    } else if (index % 3 === 1) {
      // A shelf with books.
      context.fillStyle = '#00000026';
      context.fillRect(430, 120, 180, 8);
      for (let book = 0; book < 9; book += 1) {
        context.fillStyle = SHIRTS[(index + book) % SHIRTS.length];
        context.fillRect(436 + book * 18, 66 + ((book * 7 + index) % 16), 14, 54 - ((book * 7 + index) % 16));
      }
    } else {
      // A plant.
      context.fillStyle = '#a86b43';
      context.fillRect(540, 250, 50, 60);
      for (let leaf = 0; leaf < 7; leaf += 1) {
        context.save();
        context.translate(565, 250);
        context.rotate((leaf - 3) * 0.38);
        ellipse(context, 0, -60, 13, 62, leaf % 2 ? '#3f7d4e' : '#2f6340');
        context.restore();
      }
    }
  }

  function person(context, index, seconds) {
    const [skin, hair, shirt] = [SKINS[(index * 5) % SKINS.length], HAIRS[(index * 7) % HAIRS.length], SHIRTS[(index * 3) % SHIRTS.length]];
    const x = 320 + Math.sin(seconds * 0.9 + index) * 6;
    const y = 165 + Math.sin(seconds * 1.3 + index * 2) * 3;
    const long = index % 2 === 1;
    if (long) {
      ellipse(context, x, y + 22, 86, 118, hair);
    }
    ellipse(context, 320, 395, 175, 130, shirt);
    context.fillStyle = skin;
    context.fillRect(x - 26, y + 62, 52, 60);
    ellipse(context, x, y + 120, 40, 24, skin);
    ellipse(context, x, y, 66, 84, skin);
    ellipse(context, x, y - 34, 72, 62, hair, Math.PI, Math.PI * 2);
    ellipse(context, x - 30 + (index % 3) * 22, y - 46, 50, 26, hair);
    const blink = Math.floor(seconds * 2 + index) % 7 === 0;
    for (const side of [-1, 1]) {
      ellipse(context, x + side * 25, y + 2, 6, blink ? 1 : 7, '#2b211c');
      context.fillStyle = hair;
      context.fillRect(x + side * 25 - 13, y - 17, 26, 5);
    }
    if (index % 4 === 2) {
      context.strokeStyle = '#2b2b30';
      context.lineWidth = 4;
      for (const side of [-1, 1]) {
        context.strokeRect(x + side * 26 - 19, y - 10, 38, 26);
      }
    }
    context.fillStyle = '#00000018';
    context.fillRect(x - 4, y + 12, 8, 20);
    ellipse(context, x, y + 48, 20, 5 + Math.abs(Math.sin(seconds * 3 + index)) * 5, '#9b4a44');
    context.fillStyle = '#ffffff18';
    context.fillRect(0, 0, 640, 360);
  }

  globalThis.paintedPerson = (index, fps = 5) =>
    track(640, 360, (context, seconds) => {
      room(context, index);
      person(context, index, seconds);
    }, fps);

  globalThis.paintedSlides = () =>
    track(1280, 720, (context, seconds) => {
      context.fillStyle = '#ffffff';
      context.fillRect(0, 0, 1280, 720);
      context.fillStyle = '#17694a';
      context.fillRect(0, 0, 1280, 16);
      context.fillStyle = '#17201b';
      context.font = '600 56px system-ui, sans-serif';
      context.fillText('Harvest by month', 80, 130);
      context.font = '28px system-ui, sans-serif';
      context.fillStyle = '#526058';
      context.fillText('Tonnes of apples, pears and plums', 80, 180);
      for (let month = 0; month < 12; month += 1) {
        const height = 90 + ((month * 53) % 230) + Math.sin(seconds + month) * 4;
        context.fillStyle = month === 8 ? '#17694a' : '#9fc9b5';
        context.fillRect(90 + month * 92, 640 - height, 60, height);
      }
    }, 5);
`;
