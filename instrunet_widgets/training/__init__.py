"""Training and evaluation: feature folders, splits, rendered sound, the network, metrics.

Needs the extra ``training`` (TensorFlow, Keras, librosa, scikit-learn); the app and the command ``instrunet
analyze`` never import it.
"""
