"""The paper's toy machine as real programs and a real model: a positive control of the whole pipeline.

language   the words, and how a program of five decisions is written
problems   the task, under many numbers, with its tests
base       the shipped model, trained to the machine's probabilities
"""
