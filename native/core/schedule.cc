#include "core/schedule.h"

namespace plumline {
namespace {

std::vector<Shape> shapes_of(const std::vector<int>& values, const std::vector<Shape>& shapes) {
  std::vector<Shape> found;
  for (const int value : values) found.push_back(shapes[static_cast<size_t>(value)]);
  return found;
}

// Which values the step that makes them can make as sub-images.
std::vector<bool> possible_sub_images(const std::vector<Step>& steps, const std::vector<Shape>& shapes) {
  std::vector<bool> possible(shapes.size(), false);
  for (const Step& step : steps)
    possible[static_cast<size_t>(step.outputs[0])] = step.operation->makes_sub_images(shapes_of(step.inputs, shapes));
  return possible;
}

// The layout in which each value is made. From the last step to the first: what a step wants of its inputs may depend
// on how its output is made.
std::vector<Layout> made_layouts(const std::vector<Step>& steps, const std::vector<Shape>& shapes,
                                 const std::vector<int>& outputs) {
  std::vector<bool> wanted(shapes.size(), false);  // as sub-images
  std::vector<bool> row_major_wanted(shapes.size(), false);
  std::vector<bool> leaves(shapes.size(), false);
  for (const int value : outputs) leaves[static_cast<size_t>(value)] = true;
  const std::vector<bool> possible = possible_sub_images(steps, shapes);
  std::vector<Layout> made(shapes.size(), Layout::kRowMajor);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::vector<Shape> given = shapes_of(step->inputs, shapes);
    const auto first = static_cast<size_t>(step->outputs[0]);
    // Of a step that follows its input: what is row-major before and after it would be converted twice.
    const bool follows = !given.empty() &&
                         step->operation->input_layout(given, 0, Layout::kInterleaved) == Layout::kInterleaved &&
                         step->operation->input_layout(given, 0, Layout::kRowMajor) == Layout::kRowMajor;
    const bool worse = follows && row_major_wanted[first] && !possible[static_cast<size_t>(step->inputs[0])];
    if (wanted[first] && !worse && !leaves[first] && possible[first]) made[first] = Layout::kInterleaved;
    for (size_t i = 0; i < step->inputs.size(); ++i) {
      const bool sub_images = step->operation->input_layout(given, i, made[first]) == Layout::kInterleaved;
      (sub_images ? wanted : row_major_wanted)[static_cast<size_t>(step->inputs[i])] = true;
    }
  }
  return made;
}

}  // namespace

std::vector<ScheduledStep> schedule(const std::vector<Step>& steps, const std::vector<Shape>& shapes,
                                    const std::vector<int>& outputs, const Conversions& conversions) {
  const std::vector<Layout> made = made_layouts(steps, shapes, outputs);
  std::vector<bool> converted(shapes.size(), false);
  std::vector<ScheduledStep> scheduled;
  for (size_t s = 0; s < steps.size(); ++s) {
    const Step& step = steps[s];
    const std::vector<Shape> given = shapes_of(step.inputs, shapes);
    ScheduledStep now{step.operation.get(), s, {}, {}};
    for (const int value : step.outputs) now.outputs.push_back({value, made[static_cast<size_t>(value)]});
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      const auto value = static_cast<size_t>(step.inputs[i]);
      const Layout layout = step.operation->input_layout(given, i, now.outputs[0].layout);
      now.inputs.push_back({step.inputs[i], layout});
      if (layout == made[value] || converted[value]) continue;
      converted[value] = true;
      scheduled.push_back(
          {layout == Layout::kInterleaved ? conversions.to_sub_images : conversions.to_row_major, s,
           {{step.inputs[i], made[value]}}, {{step.inputs[i], layout}}});
    }
    scheduled.push_back(std::move(now));
  }
  return scheduled;
}

}  // namespace plumline
