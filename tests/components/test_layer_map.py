from components.layer_map import block_state, layer_map, legend

STRUCTURE = {
    "blocks": [
        {"name": "stem", "layers": 1, "params": 10, "output_shape": [8, 8, 4]},
        {"name": "block1", "layers": 3, "params": 1000, "output_shape": [4, 4, 8]},
    ],
    "layers": [
        {"name": "stem_conv", "block": "stem", "thawable": 10, "params": 10},
        {"name": "conv_a", "block": "block1", "thawable": 400, "params": 400},
        {"name": "bn", "block": "block1", "thawable": 0, "params": 200},
        {"name": "conv_b", "block": "block1", "thawable": 400, "params": 400},
    ],
}


def test_a_block_is_warm_when_all_that_can_learn_is_thawed():
    assert block_state(STRUCTURE, "block1", frozenset({"conv_a", "conv_b"})) == "warm"
    assert block_state(STRUCTURE, "block1", frozenset({"conv_b"})) == "part"
    assert block_state(STRUCTURE, "stem", frozenset({"conv_b"})) == ""


def test_the_output_stands_on_top_and_the_head_always_learns():
    html = layer_map(STRUCTURE, frozenset(), 50, 2)
    assert html.index("head") < html.index("block1") < html.index("stem")
    assert html.count('class="warm"') == 1
    assert "stays frozen" in html


def test_unknown_shapes_are_not_shown():
    assert "4 × 4 × 8" in layer_map(STRUCTURE, frozenset(), 50, 2)
    assert "4 × 4 × 8" not in layer_map(STRUCTURE, frozenset(), 50, 2, shapes=False)


def test_lora_is_half_warm_beside_what_stays_frozen():
    html = layer_map(STRUCTURE, frozenset({"conv_a", "conv_b"}), 50, 2, lora=True)
    assert html.count('<li class="part"') == 1
    assert "LoRA learns beside it" in html
    assert "LoRA" in legend(lora=True)
    assert "LoRA" not in legend()
