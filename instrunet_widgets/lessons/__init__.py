"""What the teaching notebooks are made of: a module of widgets and exercises for each lesson.

A lesson's notebook begins with ``from instrunet_widgets.lessons import sound_to_log_mel as lesson``. To write another
lesson:

- Its module is named as its notebook (``03_the_network``: `the_network`). It holds what the notebook shows, built from
  `panel.Panel` (a card with knobs), `chart.Chart` (bqplot) and `sound.SoundBox`, and its `exercise.Exercise` objects
  with judges of `judging`.
- ``start()`` gives the first card, and stops the notebook with one line (`notices`) where something is missing.
- ``__all__`` lists what the notebook uses of the module, exercises too, and nothing else.
- In the notebook an exercise is three cells: its text, a cell that ends in ``lesson.NAME.check(...)`` or
  ``lesson.NAME.ask()``, and a folded cell tagged ``solution`` that ends in ``lesson.NAME.confirm(...)``. It begins
  with a comment, since JupyterLab shows the first line of a folded cell.
- The notebook begins with its number and title (``# 7 · ...``) and sets two or three exercises. How to run it stands in
  ``<span class="in-not-page">``, since a page made by Voila has no cells to run.
- ``tests/lessons`` holds the wrong answers that must get a hint; ``tests/notebooks`` runs all cells, and compares them
  with outputs that ``python tests/notebooks/record.py NAME`` records. README.md lists the lessons and says how many.

Nothing here needs TensorFlow when it is imported; a lesson that trains imports `instrunet_widgets.training` inside
its functions, after `notices.require_extra`.
"""
