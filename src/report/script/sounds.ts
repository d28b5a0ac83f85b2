// The page's script for sounds: a line in the spectrograms follows the player, and a click in them seeks.

/** JavaScript for a browser. Without it the players and pictures are there all the same. */
export const SOUNDS_SCRIPT = `
const allPlayers = [...document.querySelectorAll('.sound audio')];
for (const sound of document.querySelectorAll('.sound')) {
  const players = [...sound.querySelectorAll('audio')];
  const seconds = Number(sound.querySelector('.spectra').dataset.seconds);
  const lines = [...sound.querySelectorAll('.playhead')];
  let current;
  let request = 0;
  const point = () => {
    const share = Math.min(1, current.currentTime / seconds);
    for (const line of lines) {
      line.hidden = false;
      line.style.left = 100 * share + '%';
    }
  };
  const follow = () => {
    cancelAnimationFrame(request);
    point();
    if (!current.paused) request = requestAnimationFrame(follow);
  };
  const choose = (player) => {
    current = player;
    for (const other of players) other.parentElement.classList.toggle('on', other === player);
    follow();
  };
  for (const player of players) {
    player.addEventListener('play', () => {
      for (const other of allPlayers) if (other !== player) other.pause();
      choose(player);
    });
    player.addEventListener('seeking', () => choose(player));
    for (const name of ['pause', 'ended', 'timeupdate']) {
      player.addEventListener(name, () => player === current && follow());
    }
  }
  for (const face of sound.querySelectorAll('.face')) {
    const own = players.filter((_, i) => face.dataset.players.split(' ').includes(String(i)));
    if (own.length === 0) continue;
    face.classList.add('seeks');
    face.addEventListener('click', (event) => {
      const box = face.getBoundingClientRect();
      const time = Math.max(0, ((event.clientX - box.left) / box.width) * seconds);
      const player = own.includes(current) ? current : own[0];
      // While one plays, a click in the other's picture goes on with that from there: so they are compared.
      const goesOn = current !== undefined && !current.paused && current !== player;
      player.preload = 'auto';
      player.currentTime = Math.min(time, player.duration || time);
      if (goesOn) player.play();
      choose(player);
    });
  }
}
`;
