// Draws the diagrams. Where the script cannot be loaded, their source is shown instead.
(() => {
    const SCRIPT = 'https://cdn.jsdelivr.net/npm/mermaid@11.17.2/dist/mermaid.min.js';
    const INTEGRITY = 'sha384-EOXBFmc3gx5mb+vn0vPvvGqACToJD24hhacX5Yx+8NUUQrHIle/Qi5Bg9o3zKwW2';
    const DARK_THEMES = ['ayu', 'coal', 'navy'];

    const blocks = [...document.querySelectorAll('code.language-mermaid')];
    const page = document.documentElement;

    const isDark = () => DARK_THEMES.some(theme => page.classList.contains(theme));

    const start = () => {
        const diagrams = blocks.map(block => {
            const element = document.createElement('div');
            element.className = 'mermaid';
            block.closest('pre').replaceWith(element);
            return { element, source: block.textContent };
        });
        let drawnDark;
        const draw = () => {
            if (drawnDark === isDark()) return;
            drawnDark = isDark();
            for (const { element, source } of diagrams) {
                element.removeAttribute('data-processed');
                element.textContent = source;
            }
            window.mermaid.initialize({
                startOnLoad: false,
                theme: drawnDark ? 'dark' : 'default',
            });
            window.mermaid.run({ nodes: diagrams.map(({ element }) => element) }).then(() => {
                // On a narrow screen a wide diagram scrolls, before its text is too small to read.
                for (const { element } of diagrams) {
                    const svg = element.querySelector('svg');
                    element.style.overflowX = 'auto';
                    svg.style.minWidth = `${0.6 * svg.viewBox.baseVal.width}px`;
                }
            });
        };
        draw();
        new MutationObserver(draw).observe(page, { attributeFilter: ['class'] });
    };

    if (blocks.length) {
        const script = document.createElement('script');
        script.src = SCRIPT;
        script.integrity = INTEGRITY;
        script.crossOrigin = 'anonymous';
        script.onload = start;
        document.head.append(script);
    }
})();
