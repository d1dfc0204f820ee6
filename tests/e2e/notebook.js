// What the tests ask of the front end of JupyterLab, or of Notebook 7, which is made of the same parts.
(() => {
  const panel = () => {
    const main = window.jupyterapp ? [...window.jupyterapp.shell.widgets("main")] : [];
    return main.find((widget) => widget.content?.activeCellIndex !== undefined);
  };
  const runs = new Map(); // cell index -> {done, ok}, of its newest run

  const follow = (indices, command) => {
    const run = { done: false, ok: false };
    indices.forEach((index) => runs.set(index, run));
    window.jupyterapp.commands
      .execute(command)
      .then((ok) => { run.ok = ok; }, () => {})
      .finally(() => { run.done = true; });
  };

  window.__notebook = {
    splash: () => document.getElementById("jupyterlab-splash") !== null, // also while a theme loads
    ready: () => panel()?.context.isReady && panel().context.sessionContext.session?.kernel?.status === "idle",
    kernelId: () => panel().context.sessionContext.session.kernel.id,
    kernelStatus: () => panel().context.sessionContext.session?.kernel?.status ?? "none",
    // Messages that it keeps because the kernel has not said idle of them.
    unfinished: () => panel().context.sessionContext.session.kernel._futures.size,
    roomy: () => window.jupyterapp.shell.collapseLeft?.(),
    run(index) {
      panel().content.deselectAll();
      panel().content.activeCellIndex = index;
      follow([index], "notebook:run-cell");
    },
    runAll: () => follow(panel().content.widgets.map((_, index) => index), "notebook:run-all-cells"),
    done: (index) => runs.get(index)?.done ?? true,
    ok: (index) => runs.get(index)?.ok ?? true,
    outputs: (index) => panel().content.widgets[index].model.outputs.toJSON(),
    setSource: (index, source) => panel().content.widgets[index].model.sharedModel.setSource(source),
    scrollTo(index) {
      document.activeElement.blur(); // what has the focus is drawn, wherever it is
      panel().content.activeCellIndex = index;
      return panel().content.scrollToItem(index, "start");
    },
    closeOutputView: () => [...window.jupyterapp.shell.widgets("main")].at(-1).close(),
    restart: () => panel().context.sessionContext.session.kernel.restart(),
    command: (command) => window.jupyterapp.commands.execute(command),
    save: () => panel().context.save(),
    setTheme: (theme) => window.jupyterapp.commands.execute("apputils:change-theme", { theme }),
  };
})();
